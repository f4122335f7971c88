"""How well each operation went: good, slow or bad.

Bad is what was not answered rightly, or later than it may be. One that is only late, and alone with it, is slow: no
system answers every single request in its usual time.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from chaos_aura.core.operation import Operation, Outcome

NO_CAPACITY = "no_capacity"
_BESIDE = 50  # on each side: alone among these, a late one is at most 1 % of them


class Quality(StrEnum):
    GOOD = "good"
    SLOW = "slow"
    BAD = "bad"


class Defect(StrEnum):
    NONE = ""
    FAILED = "failed"
    UNKNOWN = "unknown"  # no answer, so that nobody knows what became of it
    UNJUSTIFIED = "refused without reason"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Graded:
    operation: Operation
    quality: Quality
    defect: Defect

    @property
    def due_ns(self) -> int:
        return self.operation.due_ns


def graded(
    operations: Sequence[Operation],
    *,
    late_s: float,
    until_ns: int,
    unjustified: Collection[str] = (),
    noisy_ns: Sequence[tuple[int, int]] = (),
) -> list[Graded]:
    """In the order in which they were meant to begin, as it was at `until_ns`.

    `unjustified` are the ids of those refused for want of capacity although there was some. What is under way and not
    late yet is left out: it may still become either. What would have been in time without the noise of the machine
    itself is slow, and not bad.
    """
    known = sorted(
        (each for each in operations if each.due_ns <= until_ns and _is_decided(each, late_s, until_ns)),
        key=lambda each: each.due_ns,
    )
    defects = [_defect(each, late_s, until_ns, unjustified) for each in known]
    excused = [
        defect is Defect.LATE and each.latency_s(until_ns) - _noise_s(each, until_ns, noisy_ns) <= late_s
        for each, defect in zip(known, defects, strict=True)
    ]
    counted = [Defect.NONE if is_excused else defect for defect, is_excused in zip(defects, excused, strict=True)]
    return [
        Graded(each, Quality.SLOW if excused[nth] else _quality(counted, nth), defects[nth])
        for nth, each in enumerate(known)
    ]


def decided_until_ns(operations: Sequence[Operation], *, late_s: float, until_ns: int) -> int:
    """When the first was meant to begin that is left out. What was meant to begin before that is all known."""
    undecided = (
        each.due_ns for each in operations if each.due_ns <= until_ns and not _is_decided(each, late_s, until_ns)
    )
    return min(undecided, default=until_ns)


def _is_decided(operation: Operation, late_s: float, until_ns: int) -> bool:
    return _has_ended(operation, until_ns) or operation.latency_s(until_ns) > late_s


def _has_ended(operation: Operation, until_ns: int) -> bool:
    return operation.ended_ns is not None and operation.ended_ns <= until_ns


def _defect(operation: Operation, late_s: float, until_ns: int, unjustified: Collection[str]) -> Defect:
    if not _has_ended(operation, until_ns) or operation.outcome is Outcome.INFO:
        return Defect.UNKNOWN
    if operation.id in unjustified:
        return Defect.UNJUSTIFIED
    if operation.outcome is Outcome.FAIL and operation.why != NO_CAPACITY:
        return Defect.FAILED
    return Defect.LATE if operation.latency_s(until_ns) > late_s else Defect.NONE


def _noise_s(operation: Operation, until_ns: int, stretches_ns: Sequence[tuple[int, int]]) -> float:
    """How much of its time was noisy."""
    ended_ns = until_ns if operation.ended_ns is None else operation.ended_ns
    overlaps = (min(ended_ns, high_ns) - max(operation.due_ns, low_ns) for low_ns, high_ns in stretches_ns)
    return sum(max(0, overlap) for overlap in overlaps) / 1e9


def _quality(defects: Sequence[Defect], nth: int) -> Quality:
    if defects[nth] is Defect.NONE:
        return Quality.GOOD
    beside = [*defects[max(0, nth - _BESIDE) : nth], *defects[nth + 1 : nth + 1 + _BESIDE]]
    is_alone = defects[nth] is Defect.LATE and all(defect is Defect.NONE for defect in beside)
    return Quality.SLOW if is_alone else Quality.BAD
