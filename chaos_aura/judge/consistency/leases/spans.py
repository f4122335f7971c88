"""Spans of time, and how many go on at once."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

type Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Spans:
    """Both their begins and their ends only grow."""

    begins: list[int]
    ends: list[int]

    @classmethod
    def of(cls, spans: Iterable[Span]) -> "Spans":
        some = list(spans)
        return cls([begin for begin, _ in some], [end for _, end in some])

    def touch(self, after: int, before: int) -> bool:
        """Whether one goes on at some moment between the two."""
        first = bisect_right(self.ends, after)
        return first < len(self.ends) and self.begins[first] < before

    def cover(self, after: int, before: int) -> bool:
        """Whether a single one goes on all the time between the two."""
        first = bisect_right(self.ends, after)
        return first < len(self.ends) and self.begins[first] <= after and self.ends[first] >= before


@dataclass(frozen=True, slots=True)
class Level:
    """How many go on, from each moment to the next."""

    moments: list[int]
    counts: list[int]

    @classmethod
    def of(cls, weighted: Iterable[tuple[Span, int]]) -> "Level":
        changes: Counter[int] = Counter()
        for (begin, end), weight in weighted:
            if begin < end:
                changes[begin] += weight
                changes[end] -= weight
        moments, counts, count = sorted(changes), [], 0
        for moment in moments:
            count += changes[moment]
            counts.append(count)
        return cls(moments, counts)

    def highest(self, after: int, before: int) -> int:
        """At any moment between the two."""
        at = bisect_right(self.moments, after) - 1
        highest = self.counts[at] if at >= 0 else 0
        at += 1
        while at < len(self.moments) and self.moments[at] < before:
            highest = max(highest, self.counts[at])
            at += 1
        return highest


def merged(spans: Iterable[Span]) -> Iterable[Span]:
    """Those that overlap as one. Their begins only grow."""
    current: Span | None = None
    for span in spans:
        if current and span[0] <= current[1]:
            current = (current[0], max(current[1], span[1]))
        else:
            if current:
                yield current
            current = span
    if current:
        yield current
