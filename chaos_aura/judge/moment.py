"""A moment that was not seen itself, but between two others."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Moment:
    """Certainly after `low_ns` and not after `high_ns`, which is None while it is not over. `at_ns` is what is told."""

    low_ns: int
    at_ns: int | None
    high_ns: int | None


def latest(moments: Sequence[Moment]) -> Moment:
    """When all of them were over."""
    return Moment(
        max(each.low_ns for each in moments),
        _last([each.at_ns for each in moments]),
        _last([each.high_ns for each in moments]),
    )


def _last(moments_ns: Sequence[int | None]) -> int | None:
    known = [each for each in moments_ns if each is not None]
    return max(known) if len(known) == len(moments_ns) else None
