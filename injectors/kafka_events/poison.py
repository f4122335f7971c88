"""What bad events look like. Each is a record for one partition; those that are made up are keyed by the lease.

malformed     {"event_id": "chaos-aura-01K9...", "kind": "alloc          JSON that was cut short
wrong_schema  {"schema_version": 999, "event_id": ..., ...}              whole, but of a version that nobody knows
duplicate     the latest events once more
out_of_order  all events of an allocation once more, the last one first
"""

import json
from collections.abc import Sequence
from itertools import cycle, islice
from typing import TYPE_CHECKING

from chaos_aura.core.errors import TargetUnfit

if TYPE_CHECKING:
    from injectors.kafka_events.client import Record

TOPIC = "allocation.events"
GROUP = "usage-projection"
HEADER = "chaos-aura-lease"
MALFORMED, WRONG_SCHEMA, DUPLICATE, OUT_OF_ORDER = "malformed", "wrong_schema", "duplicate", "out_of_order"
MADE_UP = (MALFORMED, WRONG_SCHEMA)
UNKNOWN_VERSION = 999
Row = tuple[int, bytes, bytes]  # partition, key, value
_PAIR = 2


def made_up(how: str, count: int, partitions: Sequence[int], lease_id: str) -> list[Row]:
    where = cycle(sorted(partitions))
    return [(next(where), lease_id.encode(), _made_up(how, lease_id, number)) for number in range(count)]


def repeated(how: str, count: int, latest: Sequence["Record"]) -> list[Row]:
    """As many as asked for: when there are fewer, each comes more often."""
    records = list(latest) if how == DUPLICATE else _backwards(latest)
    if not records:
        what = "holds no event that could be repeated" if how == DUPLICATE else "holds no two events of one allocation"
        raise TargetUnfit("kafka", f"allocation.events {what}", "drive some allocations first")
    if how == DUPLICATE:
        records = records[-count:]
    return [(each.partition, each.key or b"", each.value or b"") for each in islice(cycle(records), count)]


def is_event(record: "Record") -> bool:
    """A real one, of which a second can be told as such."""
    try:
        told = json.loads(record.value or b"")
    except ValueError:
        return False
    return isinstance(told, dict) and bool(told.get("event_id")) and bool(told.get("allocation_id"))


def _made_up(how: str, lease_id: str, number: int) -> bytes:
    event = {
        "event_id": f"chaos-aura-{lease_id}-{number}",
        "kind": "allocation.requested",
        "schema_version": UNKNOWN_VERSION,
        "allocation_id": f"chaos-aura-{lease_id}",
        "tenant": "chaos-aura",
    }
    whole = json.dumps(event).encode()
    return whole[: len(whole) // 2] if how == MALFORMED else whole


def _backwards(latest: Sequence["Record"]) -> list["Record"]:
    """Of the allocations with more than one event, the latest first."""
    by_allocation: dict[str, list[Record]] = {}
    for record in latest:
        allocation_id = str(json.loads(record.value or b"")["allocation_id"])
        by_allocation[allocation_id] = [*by_allocation.pop(allocation_id, []), record]
    stories = [story for story in by_allocation.values() if len(story) >= _PAIR]
    return [record for story in reversed(stories) for record in reversed(story)]
