"""How the system is when nothing is wrong, and so what is too slow when something is."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from chaos_aura.core.operation import Operation
from chaos_aura.core.verdict import Judgement, failed, passed, unknown
from chaos_aura.judge.percentile import percentile
from chaos_aura.judge.quality import Defect, graded

LASTS_S, OPERATIONS = 10.0, 100
_TIMES = 3
_GOOD = 0.99


@dataclass(frozen=True, slots=True)
class Baseline:
    """`late_s`: a later answer is as bad as none."""

    operations: int
    lasted_s: float
    p99_s: float
    late_s: float
    judgement: Judgement


def baseline(
    operations: Sequence[Operation],
    from_ns: int,
    until_ns: int,
    *,
    floor_s: float,
    longest_s: float,
    unjustified: Collection[str] = (),
) -> Baseline:
    """Of those meant to begin within that time. An answer is late beyond three times their p99, or the floor.

    Who waits longer than `longest_s` has no answer. UNKNOWN when it is too short, FAIL when it was not well.
    """
    within = [each for each in operations if from_ns <= each.due_ns <= until_ns]
    lasted_s = (until_ns - from_ns) / 1e9
    known = graded(within, late_s=longest_s, until_ns=until_ns, unjustified=unjustified)
    fine = [each for each in known if each.defect is Defect.NONE]
    if not fine:
        nothing = unknown("no operation") if not known else failed(f"none of {len(known)} operations was answered well")
        return Baseline(len(known), lasted_s, 0.0, floor_s, nothing)
    p99_s = percentile((each.operation.latency_s(until_ns) for each in fine), 0.99)
    late_s = max(floor_s, _TIMES * p99_s)
    return Baseline(len(known), lasted_s, p99_s, late_s, _judged(len(known), len(fine), lasted_s))


def _judged(known: int, fine: int, lasted_s: float) -> Judgement:
    measured = f"{known} operations in {lasted_s:.1f} s"
    if fine < _GOOD * known:
        return failed(f"{known - fine} of {measured} were not answered well")
    if known < OPERATIONS or lasted_s < LASTS_S:
        return unknown(f"only {measured}, where {OPERATIONS} in {LASTS_S:g} s are needed")
    return passed(measured)
