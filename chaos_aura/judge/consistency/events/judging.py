"""Records judged one by one, with a row of numbers kept for each allocation; the rest is said at the end.

The first event of a kind counts: delivery is at least once, so a second one with the same id is legal, and counted.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

from chaos_aura.judge.consistency.events.completeness import MUST_BE_LATER
from chaos_aura.judge.consistency.events.ending import Ending
from chaos_aura.judge.consistency.events.partitions import Partitions, unevenness
from chaos_aura.judge.consistency.events.record import Record, Scope, Span
from chaos_aura.judge.consistency.events.schema import KINDS, Event, NoEvent, read_event
from chaos_aura.judge.consistency.events.stories import OUT_OF_ORDER, TWO_IDS, TWO_PARTITIONS, Stories
from chaos_aura.judge.consistency.events.verdict import Found, Judged, Place, Wrong
from chaos_aura.judge.consistency.verdict import Validity

GRACE_MS = 10_000  # so long an allocation may take until it is decided
_LONGEST_NAME = 512
_ALL = Scope()


class EventLog:
    """`take` each record, in the order of its partition; then ask for what is `judged`, once."""

    def __init__(self, spans: Mapping[int, Span], scope: Scope = _ALL, *, grace_ms: int = GRACE_MS) -> None:
        self._scope = scope
        self._grace_ms = grace_ms
        self._partitions = Partitions(spans)
        self._stories = Stories()
        self._found = Found()
        self._events = self._duplicates = self._back = 0
        self._example_back = ""

    def take(self, record: Record) -> None:
        if self._partitions.is_new(record) and (self._scope.is_all or self._scope.may_mean(record)):
            self._read(record)

    def judged(self, until_ms: int, why_unread: str = "") -> Judged:
        """`until_ms`: when the range ends, by the wall clock. `why_unread`: why it could not be read to there."""
        ending = Ending(self._stories, self._partitions, until_ms - self._grace_ms, self._found)
        ending.judge(is_at_end=not why_unread)
        records = self._partitions.records.total()
        reasons = [why_unread] if why_unread else [] if records else ["there is no event of what was asked for"]
        allocations = Counter(self._stories.partition(row) for _, row in self._stories)
        spread = {each: allocations[each] for each in sorted({*self._partitions.spans, *allocations})}
        return Judged(
            Validity.INVALID if self._found.counts else Validity.UNKNOWN if reasons else Validity.VALID,
            records,
            self._events,
            len(self._stories),
            self._duplicates,
            ending.unfinished,
            {each: (self._partitions.records[each], count) for each, count in spread.items()},
            dict(self._found.counts),
            self._found.kept,
            reasons,
            [*self._notes(spread, is_at_end=not why_unread), *ending.notes()],
        )

    def _read(self, record: Record) -> None:
        key = _text(record.key)
        try:
            event = read_event(record.value)
        except NoEvent as why:
            if self._scope.is_all or self._scope.means(key):
                self._partitions.records[record.partition] += 1
                told = f"the record at {record.partition}@{record.offset} is no event: {why}"
                self._found.add(Wrong.UNREADABLE, key, told, Place(record.partition, record.offset))
            return
        if self._scope.is_all or self._scope.means(key, event.allocation_id):
            self._partitions.records[record.partition] += 1
            self._events += 1
            self._judge(record, event)

    def _judge(self, record: Record, event: Event) -> None:
        here = Place(record.partition, record.offset, event.event_id, event.at_ms)
        if record.key != event.allocation_id.encode():
            told = "has no key" if record.key is None else f"is keyed by {_text(record.key)!r}"
            self._found.add(Wrong.WRONG_KEY, event.allocation_id, f"{KINDS[event.kind]} {told}, and not by it", here)
        row = self._stories.row(event.allocation_id, record.partition)
        self._judge_partition(row, record, event, here)
        self._stories.saw_at(row, record.timestamp_ms)
        if self._stories.seen(row) >> event.kind & 1:
            self._judge_again(row, event, here)
        else:
            self._judge_first(row, record, event, here)

    def _judge_partition(self, row: int, record: Record, event: Event, here: Place) -> None:
        if self._stories.partition(row) == record.partition or self._stories.flags(row) & TWO_PARTITIONS:
            return
        self._stories.flag(row, TWO_PARTITIONS)
        told = f"is told in partitions {self._stories.partition(row)} and {record.partition}"
        first = min(
            (self._stories.place(row, event.allocation_id, kind) for kind in self._kinds(row)),
            key=lambda each: each.offset,
        )
        self._found.add(Wrong.TWO_PARTITIONS, event.allocation_id, told, first, here)

    def _judge_again(self, row: int, event: Event, here: Place) -> None:
        known = self._stories.event_id(row, event.allocation_id, event.kind)
        if known == event.event_id:
            self._duplicates += 1
        elif not self._stories.flags(row) & (told := TWO_IDS << event.kind):
            self._stories.flag(row, told)
            first = self._stories.place(row, event.allocation_id, event.kind)
            said = f"{KINDS[event.kind]} bears two ids, {known!r} and {event.event_id!r}"
            self._found.add(Wrong.TWO_IDS, event.allocation_id, said, first, here)

    def _judge_first(self, row: int, record: Record, event: Event, here: Place) -> None:
        if event.event_id != event.usual_id:
            told = f"{KINDS[event.kind]} bears the id {event.event_id!r}, and not {event.usual_id!r}"
            self._found.add(Wrong.WRONG_ID, event.allocation_id, told, here)
        if self._stories.seen(row) & MUST_BE_LATER[event.kind]:
            self._stories.flag(row, OUT_OF_ORDER)
        elif any(self._stories.at_ms(row, kind) > event.at_ms for kind in self._kinds(row)):
            self._back += 1
            self._example_back = self._example_back or f"{event.event_id} at {record.partition}@{record.offset}"
        self._stories.keep(row, event, record.partition, record.offset)

    def _kinds(self, row: int) -> list[int]:
        seen = self._stories.seen(row)
        return [kind for kind in range(len(KINDS)) if seen >> kind & 1]

    def _notes(self, allocations: Mapping[int, int], *, is_at_end: bool) -> Iterator[str]:
        yield from self._partitions.gaps(is_at_end=is_at_end)
        yield from unevenness(allocations)
        if self._back:
            yield f"times that go back within an allocation: {self._back:,}, the first of {self._example_back}"


def _text(key: bytes | None) -> str:
    return (key or b"").decode("utf-8", "replace")[:_LONGEST_NAME]
