"""How many arrivals a second are meant to come, and when: phases, each of which begins where the one before ends."""

from collections.abc import Sequence
from dataclasses import dataclass

from chaos_aura.core.errors import BadInput

BASELINE, SUSTAINED, PEAK, SPIKE = "baseline", "sustained", "peak", "spike"
_TIMES = {BASELINE: 0.3, SUSTAINED: 0.6, PEAK: 1.0}
_SPIKE_TIMES, _SPIKE_RISES_S, _SPIKE_DROPS_S = 5.0, 30.0, 5.0
NAMES = (*_TIMES, SPIKE)


@dataclass(frozen=True, slots=True)
class Phase:
    """From one rate to the other in a straight line. `Phase("rise", 30, 0, 50)`"""

    name: str
    lasts_s: float
    from_per_s: float
    to_per_s: float

    @property
    def arrivals(self) -> float:
        return self.lasts_s * (self.from_per_s + self.to_per_s) / 2


def steady(name: str, lasts_s: float, per_s: float) -> Phase:
    return Phase(name, lasts_s, per_s, per_s)


def shaped(name: str, lasts_s: float, capacity_per_s: float) -> tuple[Phase, ...]:
    """One of `NAMES`, in multiples of what this machine can do. A spike rises, holds, drops, and ends as a baseline."""
    if name in _TIMES:
        return (steady(name, lasts_s, _TIMES[name] * capacity_per_s),)
    if name != SPIKE:
        raise BadInput("load", f"there is no shape `{name}`", f"take one of: {', '.join(NAMES)}")
    top, after = _SPIKE_TIMES * capacity_per_s, _TIMES[BASELINE] * capacity_per_s
    holds_s = lasts_s - _SPIKE_RISES_S - _SPIKE_DROPS_S
    if holds_s <= 0:
        least_s = _SPIKE_RISES_S + _SPIKE_DROPS_S
        raise BadInput(
            "load", f"a spike of {lasts_s:g} s has no time to hold", f"let it last longer than {least_s:g} s"
        )
    return (
        Phase("rise", _SPIKE_RISES_S, 0.0, top),
        steady("hold", holds_s / 2, top),
        Phase("drop", _SPIKE_DROPS_S, top, after),
        steady("after", holds_s / 2, after),
    )


def lasts_s(phases: Sequence[Phase]) -> float:
    return sum(phase.lasts_s for phase in phases)
