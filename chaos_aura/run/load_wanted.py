"""What an experiment asks of its load, and the plan that this comes to on this machine."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chaos_aura.core.errors import BadInput
from chaos_aura.load.arrivals import Pattern
from chaos_aura.load.mix import Mix
from chaos_aura.load.plan import LoadPlan
from chaos_aura.load.shapes import BASELINE, NAMES, SPIKE, Phase, shaped, steady

_WHERE = "drive_allocations"
_MOST_PER_S = 10_000.0
_MEASURED_AT_MOST_S = 60.0  # a baseline that needs more arrivals waits for them
_SLOW_S = 8.0  # a baseline of few arrivals a second takes longer than it was asked to
_SPIKE_S = 50.0


@dataclass(frozen=True, slots=True)
class LoadWanted:
    """`rate_per_s` is absolute and wins over `shape`. It goes on until the run knows whether the system recovered."""

    shape: str = BASELINE
    rate_per_s: float = 0.0
    pattern: str = Pattern.CONSTANT.value
    baseline_s: float = 12.0
    hold_s: float = 1.0
    tenants: int = 8
    canary_per_s: float = 20.0
    mix: Mapping[str, Any] | None = None

    def refuse_nonsense(self) -> None:
        if self.shape not in NAMES:
            raise BadInput(f"{_WHERE}, shape", f"there is no shape {self.shape!r}", f"take one of: {', '.join(NAMES)}")
        if self.pattern not in tuple(Pattern):
            raise BadInput(f"{_WHERE}, pattern", f"is {self.pattern!r}", f"take one of: {', '.join(Pattern)}")
        if not (math.isfinite(self.rate_per_s) and 0 <= self.rate_per_s <= _MOST_PER_S):
            raise BadInput(f"{_WHERE}, rate_per_s", f"is {self.rate_per_s!r}", f"give a number up to {_MOST_PER_S:g}")
        if not (math.isfinite(self.baseline_s) and 0 < self.baseline_s <= _MEASURED_AT_MOST_S):
            raise BadInput(
                f"{_WHERE}, baseline_s", f"is {self.baseline_s!r}", f"give seconds up to {_MEASURED_AT_MOST_S:g}"
            )

    @property
    def needs_capacity(self) -> bool:
        return not self.rate_per_s or self.shape == SPIKE

    def phases(self, capacity_per_s: float, at_most_s: float) -> tuple[Phase, ...]:
        """First as it usually is, as long as a baseline takes; then what was asked for; the last until it is ended."""
        if self.shape == SPIKE:
            [usual] = shaped(BASELINE, self.baseline_s + self.hold_s + _SLOW_S, capacity_per_s)
            spike = shaped(SPIKE, _SPIKE_S, capacity_per_s)
            return (usual, *spike, steady("after", at_most_s, usual.to_per_s))
        rate_per_s = self.rate_per_s or shaped(self.shape, 1.0, capacity_per_s)[0].to_per_s
        return (steady(self.shape, at_most_s, rate_per_s),)

    def plan(self, url: str, tag: str, seed: int, capacity_per_s: float, at_most_s: float) -> LoadPlan:
        return LoadPlan(
            url,
            tag,
            self.phases(capacity_per_s, at_most_s),
            seed,
            Pattern(self.pattern),
            tenants=self.tenants,
            mix=Mix.from_dict(self.mix) if self.mix else Mix(),
            hold_s=self.hold_s,
            canary_per_s=self.canary_per_s,
        )
