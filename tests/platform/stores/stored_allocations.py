"""Allocations to store: one that tells all there is to tell, and any that could be."""

import uuid
from dataclasses import replace

from hypothesis import strategies as st

from chaos_aura.platform.model import (
    Allocation,
    AllocationRequest,
    ContextSource,
    DecidedBy,
    Decision,
    GpuType,
    Grant,
    Outcome,
    Priority,
    Quote,
    RefusalReason,
    State,
    Vote,
)

NOW_MS = 1_800_000_000_000
_LONGEST_MS = 10**9


def any_tenant() -> str:
    """Nobody else's: the servers are shared."""
    return f"tenant-{uuid.uuid4().hex}"


def granted(tenant: str, *, at_ms: int = NOW_MS, allocation_id: str = "", gpu_ids: tuple[str, ...] = ()) -> Allocation:
    allocation_id = allocation_id or uuid.uuid4().hex
    gpu_ids = gpu_ids or (f"a100-{allocation_id}-1", f"a100-{allocation_id}-0")
    return Allocation(
        request=AllocationRequest(allocation_id, tenant, GpuType.A100, len(gpu_ids), 1.5, budget_usd=100.0),
        state=State.GRANTED,
        requested_at_ms=at_ms - 5,
        decision=Decision(
            outcome=Outcome.APPROVED,
            decided_by=DecidedBy.MAJORITY,
            detail="2 of 2 approve",
            quote=Quote(10.24, 15.36, ("spot 30 %",)),
            decided_at_ms=at_ms,
            votes=(Vote("lnn_cost_optimizer", True, 0.9, "cheap"), Vote("lnn_fairness_enforcer", False, 0.6, "much")),
            absent={"lnn_performance_predictor": "no answer within 2 s"},
            context_source=ContextSource.REDIS,
            context_size=3,
        ),
        grant=Grant(allocation_id, gpu_ids, fencing_token=7),
        granted_at_ms=at_ms + 1,
    )


def released(before: Allocation) -> Allocation:
    return replace(before, state=State.RELEASED, released_at_ms=NOW_MS + 60_000, release_reason="asked")


def allocations(tenant: str) -> st.SearchStrategy[Allocation]:
    """Of one tenant, under new ids."""
    return st.builds(_whole, requests(tenant), st.sampled_from(State), decisions(), _times_ms, _times_ms)


def requests(tenant: str) -> st.SearchStrategy[AllocationRequest]:
    dollars = st.none() | st.floats(0, 1e9)
    return st.builds(
        AllocationRequest,
        request_id=st.uuids().map(str),
        tenant=st.just(tenant),
        gpu_type=st.sampled_from(GpuType),
        count=st.integers(1, 4),
        hours=st.floats(0.01, 1000) | st.integers(1, 1000),
        priority=st.sampled_from(Priority),
        spot=st.booleans(),
        budget_usd=dollars,
        max_hourly_usd=dollars,
    )


def decisions() -> st.SearchStrategy[Decision]:
    agents = st.sampled_from(["lnn_cost_optimizer", "lnn_fairness_enforcer", "lnn_performance_predictor"])
    votes = st.builds(Vote, agents, st.booleans(), st.floats(0.5, 1), _texts)
    return st.builds(
        Decision,
        outcome=st.sampled_from(Outcome),
        decided_by=st.sampled_from(DecidedBy),
        detail=_texts,
        quote=st.builds(Quote, st.floats(0, 1e6), st.floats(0, 1e9), st.lists(_texts, max_size=2).map(tuple)),
        decided_at_ms=_times_ms,
        reason=st.none() | st.sampled_from(RefusalReason),
        votes=st.lists(votes, max_size=3, unique_by=lambda vote: vote.agent).map(tuple),
        absent=st.dictionaries(agents, _texts, max_size=3),
        context_source=st.sampled_from(ContextSource),
        context_size=st.integers(0, 16),
    )


_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_times_ms = st.integers(NOW_MS, NOW_MS + _LONGEST_MS)


def _whole(request: AllocationRequest, state: State, decision: Decision, first_ms: int, last_ms: int) -> Allocation:
    """As the workflow would make it."""
    one = Allocation(request, state, first_ms)
    if state is not State.PENDING:
        one = replace(one, decision=decision)
    if state in (State.GRANTED, State.RELEASED):
        gpu_ids = tuple(f"{request.gpu_type}-{request.request_id}-{n}" for n in reversed(range(request.count)))
        one = replace(one, grant=Grant(request.request_id, gpu_ids, 11), granted_at_ms=first_ms)
    if state is State.RELEASED:
        one = replace(one, released_at_ms=last_ms, release_reason="hold ended")
    return one
