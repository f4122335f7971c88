"""How the system is when nothing is wrong, and so what is too slow when something is."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from chaos_aura.core.operation import Operation
from chaos_aura.core.verdict import Judgement, failed, passed, unknown
from chaos_aura.judge.percentile import percentile
from chaos_aura.judge.quality import Defect, graded

LASTS_S, OPERATIONS = 10.0, 100
COMPLETED = 0.95  # of the arrivals due
_TIMES = 3
_GOOD = 0.99


@dataclass(frozen=True, slots=True)
class Baseline:
    """`late_s`: a later answer is as bad as none. `good` of the operations were answered well."""

    operations: int
    good: int
    lasted_s: float
    p99_s: float
    late_s: float
    judgement: Judgement


def baseline(
    operations: Sequence[Operation],
    from_ns: int,
    until_ns: int,
    *,
    due_ns: Sequence[int],
    floor_s: float,
    unjustified: Collection[str] = (),
) -> Baseline:
    """Of those meant to begin within that time. An answer is late beyond three times the p99 of all, or the floor.

    `due_ns` are all arrivals that were scheduled. UNKNOWN when it is too short, FAIL when it was not well.
    """
    within = [each for each in operations if from_ns <= each.due_ns <= until_ns]
    due = {each for each in due_ns if from_ns <= each <= until_ns}
    lasted_s = (until_ns - from_ns) / 1e9
    answered = graded(within, late_s=math.inf, until_ns=until_ns, unjustified=unjustified)
    times_s = [each.operation.latency_s(until_ns) for each in answered if each.defect is Defect.NONE]
    p99_s = percentile(times_s, 0.99) if times_s else 0.0
    late_s = max(floor_s, _TIMES * p99_s)
    known = graded(within, late_s=late_s, until_ns=until_ns, unjustified=unjustified)
    fine = sum(each.defect is Defect.NONE for each in known)
    begun = len({each.due_ns for each in within} & due)
    return Baseline(len(known), fine, lasted_s, p99_s, late_s, _judged(len(due), begun, len(known), fine, lasted_s))


def _judged(due: int, begun: int, known: int, fine: int, lasted_s: float) -> Judgement:
    measured = f"{known} operations in {lasted_s:.1f} s"
    if fine < _GOOD * known:
        return failed(f"{known - fine} of {measured} were not answered well")
    if begun < COMPLETED * due:
        return unknown(f"only {begun} of {due} arrivals were begun: the load did not keep up")
    if known < OPERATIONS or lasted_s < LASTS_S:
        return unknown(f"only {measured}, where {OPERATIONS} in {LASTS_S:g} s are needed")
    return passed(measured)
