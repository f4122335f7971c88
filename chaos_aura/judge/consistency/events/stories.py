"""What is remembered of each allocation: a row of whole numbers, because there may be millions.

Which kinds were seen, as a bit each, and what was said of it already; its partition; of each kind, where its first
event lies and when it says it happened. Ids follow from allocation and kind; the few that do not lie aside.
"""

from array import array
from collections.abc import Iterator

from chaos_aura.judge.consistency.events.schema import KINDS, Event
from chaos_aura.judge.consistency.events.verdict import Place

ALL_KINDS = (1 << len(KINDS)) - 1
OUT_OF_ORDER = 1 << len(KINDS)
TWO_PARTITIONS = OUT_OF_ORDER << 1
TWO_IDS = TWO_PARTITIONS << 1  # a bit for each kind from here
_FLAGS, _PARTITION, _LATEST_MS, _OFFSETS = 0, 1, 2, 3
_TIMES = _OFFSETS + len(KINDS)
_WIDTH = _TIMES + len(KINDS)
_HIGHEST = (1 << 63) - 1
_PARTITION_FROM = 48  # the bit from which a cell of an offset holds the partition


class Stories:
    def __init__(self) -> None:
        self._rows: dict[str, int] = {}
        self._cells = array("q")
        self._odd_ids: dict[tuple[int, int], str] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[tuple[str, int]]:
        """Each allocation with its row."""
        return iter(self._rows.items())

    def row(self, allocation: str, partition: int) -> int:
        """A new one begins in this partition."""
        row = self._rows.get(allocation)
        if row is None:
            row = self._rows[allocation] = len(self._cells)
            self._cells.extend((0, partition, *(0,) * (_WIDTH - _LATEST_MS)))
        return row

    def keep(self, row: int, event: Event, partition: int, offset: int) -> None:
        """The first of its kind."""
        self._cells[row + _FLAGS] |= 1 << event.kind
        self._cells[row + _OFFSETS + event.kind] = partition << _PARTITION_FROM | offset
        self._cells[row + _TIMES + event.kind] = min(event.at_ms, _HIGHEST)
        if event.event_id != event.usual_id:
            self._odd_ids[row, event.kind] = event.event_id

    def saw_at(self, row: int, timestamp_ms: int) -> None:
        self._cells[row + _LATEST_MS] = max(self._cells[row + _LATEST_MS], timestamp_ms)

    def flags(self, row: int) -> int:
        return self._cells[row + _FLAGS]

    def flag(self, row: int, bit: int) -> None:
        self._cells[row + _FLAGS] |= bit

    def seen(self, row: int) -> int:
        return self._cells[row + _FLAGS] & ALL_KINDS

    def partition(self, row: int) -> int:
        return self._cells[row + _PARTITION]

    def latest_ms(self, row: int) -> int:
        """When the last record of it was written."""
        return self._cells[row + _LATEST_MS]

    def offset(self, row: int, kind: int) -> int:
        return self._cells[row + _OFFSETS + kind] & (1 << _PARTITION_FROM) - 1

    def at_ms(self, row: int, kind: int) -> int:
        return self._cells[row + _TIMES + kind]

    def event_id(self, row: int, allocation: str, kind: int) -> str:
        return self._odd_ids.get((row, kind)) or f"{allocation}:{KINDS[kind]}"

    def place(self, row: int, allocation: str, kind: int) -> Place:
        """Of the first event of that kind."""
        partition = self._cells[row + _OFFSETS + kind] >> _PARTITION_FROM
        return Place(partition, self.offset(row, kind), self.event_id(row, allocation, kind), self.at_ms(row, kind))
