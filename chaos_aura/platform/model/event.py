"""What the platform tells the world of an allocation, in order, on Kafka."""

from dataclasses import dataclass
from enum import StrEnum

from chaos_aura.platform.model.allocation import Allocation

SCHEMA_VERSION = 1


class EventKind(StrEnum):
    REQUESTED = "allocation.requested"
    DECIDED = "allocation.decided"
    GRANTED = "allocation.granted"
    REFUSED = "allocation.refused"
    RELEASED = "allocation.released"


@dataclass(frozen=True, slots=True)
class Event:
    """`event_id` is made of allocation and kind: written twice, it is still one event."""

    event_id: str
    kind: EventKind
    schema_version: int
    allocation_id: str
    tenant: str
    at_ms: int
    gpu_type: str
    count: int
    hours: float
    priority: str
    spot: bool
    hourly_usd: float | None = None
    total_usd: float | None = None
    outcome: str | None = None
    reason: str | None = None
    decided_by: str | None = None
    gpu_ids: tuple[str, ...] = ()
    fencing_token: int | None = None
    held_ms: int | None = None

    @classmethod
    def of(cls, kind: EventKind, allocation: Allocation, at_ms: int) -> "Event":
        request, decision, grant = allocation.request, allocation.decision, allocation.grant
        return cls(
            event_id=f"{allocation.allocation_id}:{kind.value}",
            kind=kind,
            schema_version=SCHEMA_VERSION,
            allocation_id=allocation.allocation_id,
            tenant=request.tenant,
            at_ms=at_ms,
            gpu_type=request.gpu_type.value,
            count=request.count,
            hours=request.hours,
            priority=request.priority.value,
            spot=request.spot,
            hourly_usd=decision.quote.hourly_usd if decision else None,
            total_usd=decision.quote.total_usd if decision else None,
            outcome=decision.outcome.value if decision else None,
            reason=_reason_of(kind, allocation),
            decided_by=decision.decided_by.value if decision else None,
            gpu_ids=grant.gpu_ids if grant else (),
            fencing_token=grant.fencing_token if grant else None,
            held_ms=_held_ms(kind, allocation, at_ms),
        )


def events_of_decision(allocation: Allocation) -> tuple[Event, ...]:
    """All that is to be told once an allocation has been granted or refused."""
    if allocation.decision is None:
        raise ValueError(f"{allocation.allocation_id} is not decided yet")
    decided_at_ms = allocation.decision.decided_at_ms
    told = [
        Event.of(EventKind.REQUESTED, Allocation(allocation.request), allocation.requested_at_ms),
        Event.of(EventKind.DECIDED, Allocation(allocation.request, decision=allocation.decision), decided_at_ms),
    ]
    if allocation.grant is not None:
        told.append(Event.of(EventKind.GRANTED, allocation, allocation.granted_at_ms or decided_at_ms))
    else:
        told.append(Event.of(EventKind.REFUSED, allocation, decided_at_ms))
    return tuple(told)


def event_of_release(allocation: Allocation) -> Event:
    return Event.of(EventKind.RELEASED, allocation, allocation.released_at_ms or 0)


def _reason_of(kind: EventKind, allocation: Allocation) -> str | None:
    if kind is EventKind.RELEASED:
        return allocation.release_reason
    decision = allocation.decision
    return decision.reason.value if decision and decision.reason else None


def _held_ms(kind: EventKind, allocation: Allocation, at_ms: int) -> int | None:
    if kind is not EventKind.RELEASED or allocation.granted_at_ms is None:
        return None
    return max(0, at_ms - allocation.granted_at_ms)
