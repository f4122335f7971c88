"""Cycles of one fault: injected and healed again and again, with how long each of the two took."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench_degraded import quantile

from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.lease import Lease
from chaos_aura.faults.engine import Engine

MS = 1000
_ENOUGH_FOR_P99 = 100


@dataclass(frozen=True)
class Cycles:
    """`in_force`, `gone`: seconds, of those that were proven."""

    wanted: int
    in_force: list[float] = field(default_factory=list)
    gone: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def are_within(self, goal_s: float) -> bool:
        return bool(self.in_force and self.gone) and max(late(self.in_force), late(self.gone)) <= goal_s

    def tell(self, name: str, goal: str, alone: str) -> None:
        figures = f"in force {shown(self.in_force)}  gone {shown(self.gone)}"
        print(f"{name:38} {figures}  {goal:16}  {len(self.in_force)} of {self.wanted} proven  {alone}", flush=True)
        for why in dict.fromkeys(self.failed):
            print(f"    failed: {why}")


def cycled(
    engine: Engine,
    wanted: int,
    inject: Callable[[], Lease],
    *,
    before: Callable[[], object] = lambda: None,
    after: Callable[[], object] = lambda: None,
) -> Cycles:
    """What comes before and after each has a time of its own, which is not that of the fault."""
    cycles = Cycles(wanted)
    for _ in range(wanted):
        before()
        began_s = time.perf_counter()
        try:
            lease = inject()
        except ChaosAuraError as cause:
            cycles.failed.append(str(cause))
            continue
        cycles.in_force.append(time.perf_counter() - began_s)
        began_s = time.perf_counter()
        outcomes = engine.heal([lease])
        cycles.gone.append(time.perf_counter() - began_s)
        cycles.failed.extend(outcome.why for outcome in outcomes if not outcome.is_good)
        after()
    return cycles


def late(seconds: Sequence[float]) -> float:
    """p99, of few the longest."""
    return quantile(seconds, 0.99 if len(seconds) >= _ENOUGH_FOR_P99 else 1)


def shown(seconds: Sequence[float]) -> str:
    """Median and p99, in ms."""
    if not seconds:
        return "       -        -"
    return f"{quantile(seconds, 0.5) * MS:8.1f} {late(seconds) * MS:8.1f}"


def seconds_of(do: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    do()
    return time.perf_counter() - began_s
