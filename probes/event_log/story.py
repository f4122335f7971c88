"""Everything that a topic holds of one allocation, in order, and what is wrong with it."""

from collections.abc import Iterator, Sequence
from typing import Any

from chaos_aura.judge.consistency.events import Record, Scope
from chaos_aura.judge.consistency.events.schema import KINDS, Event, NoEvent, read_event

_MOST_ROWS = 1000
_LONGEST_MS = 1 << 62  # of times that are none, the difference may be more than JSON can hold


class Story:
    """`see` every record of the topic. Of one that is repeated without end, the first thousand are kept."""

    def __init__(self, request: str) -> None:
        self._scope = Scope(only=request)
        self._rows: list[dict[str, Any]] = []
        self._ids: set[str] = set()
        self.left_out = 0

    def see(self, record: Record) -> None:
        if not self._scope.may_mean(record):
            return
        key = (record.key or b"").decode("utf-8", "replace")
        try:
            event = read_event(record.value)
        except NoEvent as why:
            if self._scope.means(key):
                self._keep(record, _unreadable(key, str(why)))
            return
        if self._scope.means(key, event.allocation_id):
            self._keep(record, _read(key, event, is_again=event.event_id in self._ids))
            self._ids.add(event.event_id)

    def rows(self) -> list[dict[str, Any]]:
        """Those of several partitions in the order in which they were written."""
        if len({row["partition"] for row in self._rows}) > 1:
            self._rows.sort(key=lambda row: (row["written_at_ms"], row["partition"], row["offset"]))
        return [*_spaced(self._rows)]

    def _keep(self, record: Record, told: dict[str, Any]) -> None:
        if len(self._rows) < _MOST_ROWS:
            place = {"partition": record.partition, "offset": record.offset, "written_at_ms": record.timestamp_ms}
            self._rows.append(place | told)
        else:
            self.left_out += 1


def _read(key: str, event: Event, *, is_again: bool) -> dict[str, Any]:
    told = {"key": key, "kind": KINDS[event.kind], "event_id": event.event_id, "at_ms": event.at_ms}
    return told | {"duplicate": is_again, "why": ""}


def _unreadable(key: str, why: str) -> dict[str, Any]:
    return {"key": key, "kind": "unreadable", "event_id": None, "at_ms": None, "duplicate": False, "why": why}


def _spaced(rows: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each with the milliseconds since the one before it that has a time."""
    before_ms: int | None = None
    for row in rows:
        at_ms: int | None = row["at_ms"]
        since_ms = None if at_ms is None or before_ms is None else at_ms - before_ms
        yield row | {"since_before_ms": None if since_ms is None else max(-_LONGEST_MS, min(since_ms, _LONGEST_MS))}
        before_ms = before_ms if at_ms is None else at_ms
