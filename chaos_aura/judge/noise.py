"""When the machine itself was noisy, so that what was late then may be nobody's fault.

Each limit is beyond what a stack does to itself, and enough to be felt: a neighbour that takes one of two cores was
seen to double the 95th percentile without any fault.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FOREIGN_CORES = 0.5  # a quarter of a machine of two
FOREIGN_LASTS_S = 0.9  # a second, less what a timer may be late; what is shorter, a queue of requests evens out
STEAL = 0.1  # of all time: the host gives it to others, whatever runs here
ECHO_S = 0.1  # woken, and answered over loopback: so long only when the processors are not to be had
_NS = 1e9


@dataclass(frozen=True, slots=True)
class MachineSample:
    """Of the time since the sample before it. None is what could not be seen."""

    at_ns: int
    foreign_cpu: float | None = None
    steal: float | None = None
    echo_s: float | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "MachineSample":
        """A row of samples.jsonl."""
        return cls(int(row["at"]), row.get("foreign_cpu"), row.get("steal"), row.get("echo_s"))


def noisy_stretches(samples: Iterable[MachineSample]) -> tuple[tuple[int, int], ...]:
    """From when to when, in order and apart.

    Each with one sample more on both sides: what disturbs has begun before it is much, and what was late because of it
    ends after it.
    """
    ordered = sorted(samples, key=lambda each: each.at_ns)
    at_once = _runs([_is_above(each.steal, STEAL) or _is_above(each.echo_s, ECHO_S) for each in ordered])
    foreign = _runs([_is_above(each.foreign_cpu, FOREIGN_CORES) for each in ordered])
    lasting = [run for run in foreign if _began_ns(ordered, run[0]) + FOREIGN_LASTS_S * _NS <= ordered[run[1]].at_ns]
    padded = [
        (_began_ns(ordered, first - 1), ordered[min(last + 1, len(ordered) - 1)].at_ns)
        for first, last in (*at_once, *lasting)
    ]
    return _merged(padded)


def noisy_s(stretches: Iterable[tuple[int, int]]) -> float:
    return sum(until_ns - from_ns for from_ns, until_ns in stretches) / _NS


def _is_above(value: float | None, limit: float) -> bool:
    return value is not None and value > limit


def _runs(marks: Sequence[bool]) -> list[tuple[int, int]]:
    """First and last of each row of true ones."""
    runs: list[tuple[int, int]] = []
    for nth, mark in enumerate(marks):
        if mark and nth and marks[nth - 1]:
            runs[-1] = (runs[-1][0], nth)
        elif mark:
            runs.append((nth, nth))
    return runs


def _began_ns(ordered: Sequence[MachineSample], nth: int) -> int:
    """What a sample tells began with the one before it."""
    return ordered[max(nth - 1, 0)].at_ns


def _merged(stretches: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for from_ns, until_ns in sorted(stretches):
        if merged and from_ns <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(until_ns, merged[-1][1]))
        else:
            merged.append((from_ns, until_ns))
    return tuple(merged)
