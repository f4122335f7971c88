"""What is seen of each partition as a whole: offsets without a record, and how evenly allocations are spread."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from chaos_aura.judge.consistency.events.record import Record, Span

_FEWEST = 200  # allocations, below which an uneven spread is chance
_MOST_BESIDE_MEAN = 2.0


@dataclass
class Partitions:
    spans: Mapping[int, Span]
    records: Counter[int] = field(default_factory=Counter)
    _next: dict[int, int] = field(default_factory=dict)
    _cut_ms: dict[int, int] = field(default_factory=dict)
    _missing: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._next = {each: span.begin for each, span in self.spans.items()}
        self._cut_ms = {each: span.since_ms for each, span in self.spans.items() if span.since_ms is not None}

    def is_new(self, record: Record) -> bool:
        """Whoever reads may come upon one again, after a connection was lost: that is no duplicate."""
        expected = self._next.get(record.partition, 0)
        if record.offset < expected:
            return False
        self._missing[record.partition] += record.offset - expected
        self._next[record.partition] = record.offset + 1
        self._cut_ms.setdefault(record.partition, record.timestamp_ms)
        return True

    def holds_all_of(self, partition: int, requested_ms: int | None) -> bool:
        """Of an allocation that was requested then; None when that was not seen."""
        span = self.spans.get(partition)
        if span is None or span.is_whole:
            return True
        return requested_ms is not None and requested_ms >= self._cut_ms.get(partition, 0)

    def gaps(self, *, is_at_end: bool) -> Iterator[str]:
        for partition, span in sorted(self.spans.items()):
            missing = self._missing[partition] + (max(0, span.end - self._next[partition]) if is_at_end else 0)
            if missing:
                yield f"partition {partition}: {missing:,} offsets hold no record (marks, or removed)"


def unevenness(allocations: Mapping[int, int]) -> Iterator[str]:
    """By partition, also those that hold none."""
    total = sum(allocations.values())
    if total < _FEWEST or not allocations:
        return
    mean = total / len(allocations)
    partition, most = max(allocations.items(), key=lambda each: each[1])
    if most / mean > _MOST_BESIDE_MEAN:
        yield f"partition {partition} holds {most:,} of {total:,} allocations, {most / mean:.1f} times the mean"
