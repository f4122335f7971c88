"""Events of made-up allocations, and what a topic holds of them."""

import json
from typing import Any

from topic_records import records_of

from chaos_aura.platform.events.topics import EVENTS
from chaos_aura.platform.model import (
    Allocation,
    AllocationRequest,
    DecidedBy,
    Decision,
    Event,
    GpuType,
    Grant,
    Outcome,
    Quote,
    State,
)
from chaos_aura.platform.model.event import event_of_release, events_of_decision

STORY = ["requested", "decided", "granted", "released"]


def story(allocation_id: str, tenant: str = "acme") -> tuple[Event, ...]:
    """Of two A100, granted and held for half an hour."""
    allocation = Allocation(
        AllocationRequest(allocation_id, tenant, GpuType.A100, 2, 1.5),
        State.RELEASED,
        requested_at_ms=1000,
        decision=Decision(Outcome.APPROVED, DecidedBy.MAJORITY, "two of three", Quote(10.24, 15.36), 1010),
        grant=Grant(allocation_id, ("a100-1", "a100-2"), 7),
        granted_at_ms=1020,
        released_at_ms=1020 + 1_800_000,
        release_reason="asked",
    )
    return (*events_of_decision(allocation), event_of_release(allocation))


def held_by(address: str, prefix: str, topic: str = EVENTS) -> list[dict[str, Any]]:
    """Every event whose allocation begins so, in the order of its partition."""
    found = records_of(address, topic)
    return [json.loads(each.value) for each in found if (each.key or b"").startswith(prefix.encode())]


def kinds_by_allocation(address: str, prefix: str) -> dict[str, list[str]]:
    """In order of first occurrence."""
    told: dict[str, list[str]] = {}
    for event in held_by(address, prefix):
        kinds = told.setdefault(event["allocation_id"], [])
        kind = event["kind"].removeprefix("allocation.")
        if kind not in kinds:
            kinds.append(kind)
    return told


def timestamps_ms(address: str, prefix: str) -> list[int]:
    """When the events of these allocations were handed to the producer, in the order of their partition."""
    return [each.timestamp for each in records_of(address, EVENTS) if (each.key or b"").startswith(prefix.encode())]
