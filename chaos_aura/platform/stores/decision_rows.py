"""Allocations as Neo4j holds them: plain maps, from which the same allocation is made again."""

from collections.abc import Mapping, Sequence
from typing import Any

from chaos_aura.platform.errors import PlatformError
from chaos_aura.platform.model import (
    Allocation,
    AllocationRequest,
    ContextSource,
    DecidedBy,
    Decision,
    GpuType,
    Grant,
    Outcome,
    PastDecision,
    Priority,
    Quote,
    RefusalReason,
    State,
    Vote,
)

Row = Mapping[str, Any]

# A write is late when the store has seen more progress. Refused and released are both ends.
_PROGRESS = {State.PENDING: 0, State.GRANTED: 1, State.REFUSED: 2, State.RELEASED: 2}


class Damaged(PlatformError):
    """What is stored cannot be what was written."""


def row_of(allocation: Allocation) -> dict[str, Any]:
    holds = _holds(allocation)
    is_over = allocation.state is State.RELEASED
    decision = allocation.decision
    return {
        "allocation_id": allocation.allocation_id,
        "tenant": allocation.request.tenant,
        "progress": _PROGRESS[allocation.state],
        "request": _request(allocation.request),
        "allocation": _allocation(allocation),
        "decisions": [_decided(allocation.request.tenant, decision)] if decision else [],
        "holds": [] if is_over else holds,
        "held": holds if is_over else [],
    }


def allocation_of(row: Row) -> Allocation:
    """Damaged when it cannot be read."""
    try:
        return _allocation_of(row)
    except (KeyError, TypeError, ValueError) as cause:
        raise _damaged(row["allocation"], cause) from cause


def past_decision_of(row: Row) -> PastDecision:
    """Damaged when it cannot be read."""
    try:
        return _past_decision_of(row["request"], row["decision"])
    except (KeyError, TypeError, ValueError) as cause:
        raise _damaged(row["decision"], cause) from cause


def _damaged(stored: Row, cause: Exception) -> Damaged:
    why = f"allocation {stored.get('allocation_id')!r} cannot be read: {cause!r}"
    return Damaged("neo4j", why, "writing it once more puts it right")


def _request(request: AllocationRequest) -> dict[str, Any]:
    return {
        "gpu_type": request.gpu_type.value,
        "count": request.count,
        "hours": float(request.hours),
        "priority": request.priority.value,
        "spot": request.spot,
        "budget_usd": request.budget_usd,
        "max_hourly_usd": request.max_hourly_usd,
    }


def _allocation(allocation: Allocation) -> dict[str, Any]:
    return {
        "progress": _PROGRESS[allocation.state],
        "state": allocation.state.value,
        "requested_at_ms": allocation.requested_at_ms,
        "granted_at_ms": allocation.granted_at_ms,
        "released_at_ms": allocation.released_at_ms,
        "release_reason": allocation.release_reason,
    }


def _decided(tenant: str, decision: Decision) -> dict[str, Any]:
    stored = {
        "tenant": tenant,
        "outcome": decision.outcome.value,
        "reason": decision.reason.value if decision.reason else None,
        "decided_by": decision.decided_by.value,
        "detail": decision.detail,
        "decided_at_ms": decision.decided_at_ms,
        "hourly_usd": float(decision.quote.hourly_usd),
        "total_usd": float(decision.quote.total_usd),
        "discounts": list(decision.quote.discounts),
        "absent_agents": list(decision.absent.keys()),
        "absent_because": list(decision.absent.values()),
        "context_source": decision.context_source.value,
        "context_size": decision.context_size,
    }
    return {"decision": stored, "votes": [_vote(place, vote) for place, vote in enumerate(decision.votes)]}


def _vote(place: int, vote: Vote) -> dict[str, Any]:
    return {
        "place": place,
        "agent": vote.agent,
        "approves": vote.approves,
        "confidence": float(vote.confidence),
        "reasoning": vote.reasoning,
    }


def _holds(allocation: Allocation) -> list[dict[str, Any]]:
    grant = allocation.grant
    if grant is None:
        return []
    spans = {
        "fencing_token": grant.fencing_token,
        "since_ms": allocation.granted_at_ms,
        "until_ms": allocation.released_at_ms,
    }
    return [{"gpu_id": gpu_id, "hold": {"place": place, **spans}} for place, gpu_id in enumerate(grant.gpu_ids)]


def _allocation_of(row: Row) -> Allocation:
    stored = row["allocation"]
    return Allocation(
        request=_request_of(row),
        state=State(stored["state"]),
        requested_at_ms=stored["requested_at_ms"],
        decision=_decision_of(row["decision"], row["votes"]) if row["decision"] else None,
        grant=_grant_of(stored["allocation_id"], row["holds"]) if row["holds"] else None,
        granted_at_ms=stored.get("granted_at_ms"),
        released_at_ms=stored.get("released_at_ms"),
        release_reason=stored.get("release_reason"),
    )


def _request_of(row: Row) -> AllocationRequest:
    stored = row["request"]
    return AllocationRequest(
        request_id=stored["request_id"],
        tenant=row["tenant"],
        gpu_type=GpuType(stored["gpu_type"]),
        count=stored["count"],
        hours=stored["hours"],
        priority=Priority(stored["priority"]),
        spot=stored["spot"],
        budget_usd=stored.get("budget_usd"),
        max_hourly_usd=stored.get("max_hourly_usd"),
    )


def _decision_of(stored: Row, votes: Sequence[Row]) -> Decision:
    reason = stored.get("reason")
    return Decision(
        outcome=Outcome(stored["outcome"]),
        decided_by=DecidedBy(stored["decided_by"]),
        detail=stored["detail"],
        quote=Quote(stored["hourly_usd"], stored["total_usd"], tuple(stored["discounts"])),
        decided_at_ms=stored["decided_at_ms"],
        reason=RefusalReason(reason) if reason else None,
        votes=tuple(_vote_of(vote) for vote in sorted(votes, key=lambda vote: vote["place"])),
        absent=dict(zip(stored["absent_agents"], stored["absent_because"], strict=True)),
        context_source=ContextSource(stored["context_source"]),
        context_size=stored["context_size"],
    )


def _vote_of(stored: Row) -> Vote:
    return Vote(stored["agent"], stored["approves"], stored["confidence"], stored["reasoning"])


def _grant_of(allocation_id: str, holds: Sequence[Row]) -> Grant:
    in_order = sorted(holds, key=lambda hold: hold["hold"]["place"])
    return Grant(allocation_id, tuple(hold["gpu_id"] for hold in in_order), in_order[0]["hold"]["fencing_token"])


def _past_decision_of(request: Row, decision: Row) -> PastDecision:
    return PastDecision(
        allocation_id=decision["allocation_id"],
        decided_at_ms=decision["decided_at_ms"],
        gpu_type=GpuType(request["gpu_type"]).value,
        count=request["count"],
        hours=float(request["hours"]),
        priority=Priority(request["priority"]).value,
        spot=request["spot"],
        outcome=Outcome(decision["outcome"]).value,
        total_usd=float(decision["total_usd"]),
    )
