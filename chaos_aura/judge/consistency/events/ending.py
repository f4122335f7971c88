"""What can only be said of an allocation once all of the range was read: whether its story is whole, and in order."""

from collections.abc import Iterator

from chaos_aura.judge.consistency.events.completeness import (
    HAS_TWO_ENDS,
    IS_DECIDED,
    IS_WHOLE,
    LACKS,
    ORDERED,
    Kind,
    kinds_of,
)
from chaos_aura.judge.consistency.events.partitions import Partitions
from chaos_aura.judge.consistency.events.schema import KINDS
from chaos_aura.judge.consistency.events.stories import OUT_OF_ORDER, TWO_PARTITIONS, Stories
from chaos_aura.judge.consistency.events.verdict import Found, Wrong


class Ending:
    """`young_ms`: what was told of an allocation since then may go on."""

    def __init__(self, stories: Stories, partitions: Partitions, young_ms: int, found: Found) -> None:
        self._stories = stories
        self._partitions = partitions
        self._young_ms = young_ms
        self._found = found
        self.unfinished = 0
        self._cut = 0

    def judge(self, *, is_at_end: bool) -> None:
        """Where it was not read to its end, what is missing may follow."""
        for allocation, row in self._stories:
            seen = self._stories.seen(row)
            if HAS_TWO_ENDS[seen]:
                ends = (self._stories.place(row, allocation, kind) for kind in (Kind.GRANTED, Kind.REFUSED))
                self._found.add(Wrong.TWO_ENDS, allocation, "is both granted and refused", *ends)
            if IS_WHOLE[seen] and not self._stories.flags(row) & OUT_OF_ORDER:
                continue
            if not self._began_within(row):
                self._cut += 1
                continue
            self._judge_order(allocation, row)
            if is_at_end:
                self._judge_completeness(allocation, row)

    def notes(self) -> Iterator[str]:
        if self.unfinished:
            yield f"allocations that are being decided just now: {self.unfinished:,} (unfinished, not incomplete)"
        if self._cut:
            yield f"allocations that may have begun before what was read: {self._cut:,} (their beginning is not judged)"

    def _began_within(self, row: int) -> bool:
        requested_ms = self._stories.at_ms(row, Kind.REQUESTED) if self._stories.seen(row) & 1 else None
        return self._partitions.holds_all_of(self._stories.partition(row), requested_ms)

    def _judge_order(self, allocation: str, row: int) -> None:
        """In two partitions there is no order."""
        if self._stories.flags(row) & (OUT_OF_ORDER | TWO_PARTITIONS) != OUT_OF_ORDER:
            return
        for one, other in ORDERED[self._stories.seen(row)]:
            if self._stories.offset(row, one) > self._stories.offset(row, other):
                places = (self._stories.place(row, allocation, kind) for kind in (other, one))
                told = f"{KINDS[other]} stands before {KINDS[one]}"
                self._found.add(Wrong.OUT_OF_ORDER, allocation, told, *places)
                return

    def _judge_completeness(self, allocation: str, row: int) -> None:
        seen = self._stories.seen(row)
        for kind, needed in LACKS[seen]:
            told = f"{KINDS[kind]} without {KINDS[needed]}"
            self._found.add(Wrong.INCOMPLETE, allocation, told, self._stories.place(row, allocation, kind))
        if IS_DECIDED[seen]:
            return
        if self._stories.latest_ms(row) > self._young_ms:
            self.unfinished += 1
            return
        last = kinds_of(seen)[-1]
        told = f"{KINDS[last]}, and nothing after it: neither granted nor refused"
        self._found.add(Wrong.INCOMPLETE, allocation, told, self._stories.place(row, allocation, last))
