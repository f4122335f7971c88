"""Records of made-up allocations, as a topic would hold them."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from chaos_aura.judge.consistency.events import EventLog, Judged, Record, Scope, Span

GRANTED = ("requested", "decided", "granted", "released")
HELD = GRANTED[:3]
REFUSED = ("requested", "decided", "refused")
BEGAN_MS = 1_795_266_600_000
LONG_AFTER_MS = BEGAN_MS + 3_600_000


def event(allocation: str, kind: str, /, **changes: Any) -> dict[str, Any]:
    told = {
        "event_id": f"{allocation}:allocation.{kind}",
        "kind": f"allocation.{kind}",
        "schema_version": 1,
        "allocation_id": allocation,
        "tenant": "acme",
        "at_ms": BEGAN_MS + GRANTED.index("granted" if kind == "refused" else kind),
        "gpu_type": "t4",
        "count": 1,
        "hours": 1.0,
        "priority": "normal",
        "spot": False,
    }
    return told | changes


def record(allocation: str, kind: str, offset: int = 0, partition: int = 0, **changes: Any) -> Record:
    value = json.dumps(event(allocation, kind, **changes)).encode()
    return Record(partition, offset, BEGAN_MS, allocation.encode(), value)


def records(*told: tuple[str, str], partition: int = 0) -> list[Record]:
    """One after another, from offset 0. Sample: ("r-1", "requested"), ("r-1", "decided")"""
    return [record(allocation, kind, offset, partition) for offset, (allocation, kind) in enumerate(told)]


def story(allocation: str, kinds: Iterable[str]) -> list[Record]:
    return records(*((allocation, kind) for kind in kinds))


def whole(given: Iterable[Record]) -> dict[int, Span]:
    """Each partition from its beginning to behind its last record."""
    ends: dict[int, int] = {}
    for each in given:
        ends[each.partition] = max(ends.get(each.partition, 0), each.offset + 1)
    return {partition: Span(0, end) for partition, end in ends.items()}


def judged(
    given: list[Record], spans: Mapping[int, Span] | None = None, until_ms: int = LONG_AFTER_MS, **scope: str
) -> Judged:
    log = EventLog(whole(given) if spans is None else spans, Scope(**scope))
    for each in given:
        log.take(each)
    return log.judged(until_ms)


def wrongs(found: Judged) -> list[tuple[str, str]]:
    """Sample: [("incomplete", "r-1")]"""
    return [(each.kind.value, each.allocation) for each in found.violations]
