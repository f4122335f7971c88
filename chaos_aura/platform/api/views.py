"""What tenants are shown, and what the documentation promises of it."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from itertools import groupby

from pydantic import BaseModel

from chaos_aura.platform.model import Allocation, AllocationRequest, Decision, Grant, State
from chaos_aura.platform.pool.orders import Holder


class AllocationView(BaseModel):
    """One allocation's whole story so far. Its id is the id of its request."""

    allocation_id: str
    request: AllocationRequest
    state: State
    requested_at_ms: int | None  # null while nobody has taken it up
    decision: Decision | None
    grant: Grant | None
    granted_at_ms: int | None
    released_at_ms: int | None
    release_reason: str | None


@dataclass(frozen=True, slots=True)
class ListedAllocation:
    """A line of a list. Null is what the source of the line does not know: the allocation itself does."""

    allocation_id: str
    state: State
    tenant: str | None = None
    gpu_type: str | None = None
    count: int | None = None
    gpu_ids: tuple[str, ...] = ()
    fencing_token: int | None = None
    reason: str | None = None
    requested_at_ms: int | None = None
    released_at_ms: int | None = None


class AllocationList(BaseModel):
    """`incomplete` says which states could not be read, and why."""

    allocations: list[ListedAllocation]
    incomplete: dict[State, str] = {}


class DependencyView(BaseModel):
    state: str
    answers: bool
    latency_ms: float | None
    age_ms: int | None
    why: str | None


class ReadinessView(BaseModel):
    status: str
    dependencies: dict[str, DependencyView]


def view_of(allocation: Allocation) -> dict[str, object]:
    told = {each.name: getattr(allocation, each.name) for each in fields(allocation)}
    told["requested_at_ms"] = allocation.requested_at_ms or None
    return {"allocation_id": allocation.allocation_id, **told}


def listed(allocation: Allocation) -> ListedAllocation:
    request, grant, decision = allocation.request, allocation.grant, allocation.decision
    return ListedAllocation(
        allocation_id=allocation.allocation_id,
        state=allocation.state,
        tenant=request.tenant,
        gpu_type=request.gpu_type,
        count=request.count,
        gpu_ids=grant.gpu_ids if grant else (),
        fencing_token=grant.fencing_token if grant else None,
        reason=decision.reason if decision else None,
        requested_at_ms=allocation.requested_at_ms,
        released_at_ms=allocation.released_at_ms,
    )


def held(holders: Iterable[Holder]) -> list[ListedAllocation]:
    """The pool tells each GPU by itself; those of one allocation stand together."""
    grouped = groupby(holders, lambda each: each.allocation_id)
    return [_held(list(of_one)) for _, of_one in grouped]


def _held(of_one: list[Holder]) -> ListedAllocation:
    first = of_one[0]
    return ListedAllocation(
        allocation_id=first.allocation_id,
        state=State.GRANTED,
        tenant=first.tenant,
        gpu_type=first.gpu_type,
        count=len(of_one),
        gpu_ids=tuple(each.gpu_id for each in of_one),
        fencing_token=first.fencing_token,
    )
