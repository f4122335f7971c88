"""What a judge says, and what several say together."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    PASS = "pass"
    UNKNOWN = "unknown"  # what could not be measured is no pass
    FAIL = "fail"


_WORST_FIRST = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.PASS)


@dataclass(frozen=True, slots=True)
class Judgement:
    """`Judgement(Verdict.FAIL, ("no GPU has two owners: a100-3 was held by r1 and r2 for 1.2 s",))`"""

    verdict: Verdict
    reasons: tuple[str, ...] = ()

    @property
    def has_passed(self) -> bool:
        return self.verdict is Verdict.PASS

    def __bool__(self) -> bool:
        """What Chaos Toolkit asks of a tolerance: only a pass is met."""
        return self.has_passed

    def __str__(self) -> str:
        return f"{self.verdict.value}: {'; '.join(self.reasons)}" if self.reasons else self.verdict.value


def passed(*reasons: str) -> Judgement:
    return Judgement(Verdict.PASS, reasons)


def failed(*reasons: str) -> Judgement:
    return Judgement(Verdict.FAIL, reasons)


def unknown(*reasons: str) -> Judgement:
    return Judgement(Verdict.UNKNOWN, reasons)


def together(judgements: Iterable[Judgement]) -> Judgement:
    """FAIL beats UNKNOWN beats PASS; the reasons of the worse ones come first. Nobody's judgement is no pass."""
    all_of_them = tuple(judgements)
    if not all_of_them:
        return unknown("nothing was judged")
    ordered = sorted(all_of_them, key=lambda each: _WORST_FIRST.index(each.verdict))
    return Judgement(ordered[0].verdict, tuple(reason for each in ordered for reason in each.reasons))
