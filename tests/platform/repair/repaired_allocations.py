"""Allocations in each state, as their workflows know them."""

from dataclasses import replace

from chaos_aura.platform.model import (
    Allocation,
    AllocationRequest,
    DecidedBy,
    Decision,
    GpuType,
    Grant,
    Outcome,
    Quote,
    RefusalReason,
    State,
)

ID = "run-1"
_QUOTE = Quote(1.0, 2.0)
_YES = Decision(Outcome.APPROVED, DecidedBy.MAJORITY, "", _QUOTE, 2)
_NO = Decision(Outcome.REFUSED, DecidedBy.RULES, "", _QUOTE, 2, RefusalReason.NO_CAPACITY)
PENDING = Allocation(AllocationRequest(ID, "acme", GpuType.T4, 1, 1.0), requested_at_ms=1)
GRANTED = replace(PENDING, state=State.GRANTED, decision=_YES, grant=Grant(ID, ("t4-0",), 3), granted_at_ms=3)
RELEASED = replace(GRANTED, state=State.RELEASED, released_at_ms=4, release_reason="asked")
REFUSED = replace(PENDING, state=State.REFUSED, decision=_NO)


def named(allocation: Allocation, name: str) -> Allocation:
    grant = replace(allocation.grant, allocation_id=name) if allocation.grant else None
    return replace(allocation, request=replace(allocation.request, request_id=name), grant=grant)
