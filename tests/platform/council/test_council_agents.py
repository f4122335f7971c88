"""The agents as they are shipped: they know their lessons, wave the ordinary through, and stop the extreme."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice, product

import pytest
from council_cases import HOUR_MS, NOW_MS, a_request, extreme, ordinary, repeated, seen
from hypothesis import given
from hypothesis import strategies as st

from chaos_aura.platform.council import teacher
from chaos_aura.platform.council.agent import Agent, NoFiniteVote
from chaos_aura.platform.council.council import AGENTS
from chaos_aura.platform.council.features import observe
from chaos_aura.platform.council.situation import Situation
from chaos_aura.platform.council.synthetic import situations
from chaos_aura.platform.council.weight_file import FOLDER
from chaos_aura.platform.model import (
    DEFAULT_INVENTORY,
    AllocationRequest,
    ContextWindow,
    GpuType,
    Outcome,
    PastDecision,
    Priority,
    Vote,
)
from chaos_aura.platform.pool.availability import Availability
from chaos_aura.platform.pricing import quote

SEED_NEVER_TRAINED_ON = 77


@pytest.fixture(scope="module")
def agents() -> dict[str, Agent]:
    return {name: Agent(name, FOLDER) for name in AGENTS}


def votes(agents: Mapping[str, Agent], situation: Situation) -> list[Vote]:
    return [agent.vote(situation, observe(situation)) for agent in agents.values()]


@pytest.mark.parametrize("name", AGENTS)
def test_each_agent_knows_its_lessons(name: str, agents: Mapping[str, Agent]) -> None:
    drawn, concern = list(islice(situations(SEED_NEVER_TRAINED_ON), 2500)), teacher.CONCERNS[name]
    approvals = [agents[name].vote(each, observe(each)).approves for each in drawn]
    right = [approved == (concern(each) < 1) for approved, each in zip(approvals, drawn, strict=True)]
    assert sum(right) > 0.95 * len(drawn)
    refused = [is_right for is_right, each in zip(right, drawn, strict=True) if concern(each) > 1]
    assert sum(refused) > 0.9 * len(refused) > 0


def test_agents_are_surer_far_from_the_limit(agents: Mapping[str, Agent]) -> None:
    drawn, agent = list(islice(situations(SEED_NEVER_TRAINED_ON), 1000)), agents["lnn_cost_optimizer"]
    edge = [agent.vote(each, observe(each)) for each in drawn if 0.8 < teacher.cost(each) < 1.25]
    far = [agent.vote(each, observe(each)) for each in drawn if not 0.2 < teacher.cost(each) < 5]
    assert sum(vote.confidence for vote in edge) / len(edge) < 0.85
    assert sum(vote.confidence for vote in far) / len(far) > 0.97


def test_the_documented_ordinary_request_is_approved_by_all(agents: Mapping[str, Agent]) -> None:
    assert [vote.approves for vote in votes(agents, ordinary())] == [True] * 3


def test_the_documented_extreme_request_is_refused_by_all(agents: Mapping[str, Agent]) -> None:
    told = votes(agents, extreme())
    assert [vote.approves for vote in told] == [False] * 3
    assert min(vote.confidence for vote in told) > 0.9


@pytest.mark.parametrize("gpu_type", GpuType)
def test_small_requests_are_waved_through_whatever_the_tenant_was_granted_before(
    gpu_type: GpuType, agents: Mapping[str, Agent]
) -> None:
    """What a load generator does: small, short, at any pace, for as long as it runs."""
    total = DEFAULT_INVENTORY[gpu_type]
    surest, every = 1.0, list(Outcome)
    for count, hours, times, gap_ms, outcome in product((1, 2), (0.001, 1.0), (0, 1, 16), (1, 200, HOUR_MS), every):
        request = a_request(gpu_type, count, hours)
        for free in {max(count, -(-total // 3)), total}:
            told = votes(agents, seen(request, free, repeated(request, times, gap_ms, outcome)))
            assert [vote.approves for vote in told] == [True] * 3, (count, hours, times, gap_ms, outcome, free)
            surest = min(surest, *(vote.confidence for vote in told))
    assert surest > 0.9


@pytest.mark.parametrize("gpu_type", GpuType)
@pytest.mark.parametrize("priority", [Priority.LOW, Priority.HIGH])
def test_of_any_priority_a_majority_waves_them_through(
    gpu_type: GpuType, priority: Priority, agents: Mapping[str, Agent]
) -> None:
    for total, count, gap_ms in product((2, DEFAULT_INVENTORY[gpu_type], 3000), (1, 2), (1, 1000)):
        request = a_request(gpu_type, count, priority=priority)
        situation = seen(request, max(count, total // 3), repeated(request, 16, gap_ms), total={gpu_type: total})
        assert sum(vote.approves for vote in votes(agents, situation)) >= 2, (total, count, gap_ms)


@pytest.mark.parametrize(("gpu_type", "count"), [(GpuType.H100, 4), (GpuType.A100, 7), (GpuType.V100, 9)])
@pytest.mark.parametrize("gap_ms", [1000, HOUR_MS])
def test_taking_nearly_all_for_long_again_and_again_is_stopped(
    gpu_type: GpuType, count: int, gap_ms: int, agents: Mapping[str, Agent]
) -> None:
    request = a_request(gpu_type, count, 72, Priority.LOW)
    assert sum(vote.approves for vote in votes(agents, seen(request, count, repeated(request, 8, gap_ms)))) <= 1


def test_reasons_show_the_numbers_that_moved_the_vote(agents: Mapping[str, Agent]) -> None:
    cost, fairness, performance = (vote.reasoning for vote in votes(agents, extreme()))
    assert cost.startswith("refuses, moved most by: ")
    assert "$2188.80 in all" in cost
    granted = "8 of the last 8 requests approved, $17510.40 and 2304.0 h100 GPU-hours within 8.0 h"
    assert granted in fairness
    assert "72 h asked" in performance


def test_every_reason_has_a_number(agents: Mapping[str, Agent]) -> None:
    for situation in islice(situations(SEED_NEVER_TRAINED_ON), 200):
        for vote in votes(agents, situation):
            assert vote.reasoning.startswith("approves" if vote.approves else "refuses")
            assert any(letter.isdigit() for letter in vote.reasoning) or "priority" in vote.reasoning


PAST = st.builds(
    PastDecision,
    allocation_id=st.just("p"),
    decided_at_ms=st.integers(0, 2 * NOW_MS),
    gpu_type=st.sampled_from([*GpuType, "retired"]),
    count=st.integers(1, 10**6),
    hours=st.floats(1e-6, 1e6),
    priority=st.sampled_from([*Priority, "retired"]),
    spot=st.booleans(),
    outcome=st.sampled_from([*Outcome, "retired"]),
    total_usd=st.floats(0, 1e12),
)
REQUESTS = st.builds(
    AllocationRequest,
    request_id=st.just("r"),
    tenant=st.just("acme"),
    gpu_type=st.sampled_from(GpuType),
    count=st.integers(1, 10**5),
    hours=st.floats(1e-6, 1e5),
    priority=st.sampled_from(Priority),
    spot=st.booleans(),
    budget_usd=st.none() | st.floats(0, 1e9),
    max_hourly_usd=st.none() | st.floats(0, 1e9),
)


@given(REQUESTS, st.lists(PAST, max_size=16), st.integers(0, 10**5), st.integers(0, 2 * NOW_MS))
def test_any_valid_request_gets_three_finite_votes(
    agents: Mapping[str, Agent], request_: AllocationRequest, past: list[PastDecision], free: int, now_ms: int
) -> None:
    availability = Availability({request_.gpu_type: free}, {request_.gpu_type: free + 7})
    situation = Situation(request_, quote(request_), availability, ContextWindow("acme", tuple(past)), now_ms)
    for vote in votes(agents, situation):
        assert 0.5 <= vote.confidence <= 1


def test_numbers_that_are_none_give_no_vote(agents: Mapping[str, Agent]) -> None:
    window = repeated(a_request(), 2, HOUR_MS)
    damaged = replace(window, decisions=(replace(window.decisions[0], hours=float("nan")), window.decisions[1]))
    situation = seen(a_request(), 3, damaged)
    with pytest.raises(NoFiniteVote, match="lnn_fairness_enforcer"):
        agents["lnn_fairness_enforcer"].vote(situation, observe(situation))
