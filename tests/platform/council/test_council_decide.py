"""The table of decisions: rules, majority, fallback."""

from dataclasses import replace

import pytest
from council_cases import NOW_MS, a_request, repeated, seen

from chaos_aura.platform.council.ballot import Ballot
from chaos_aura.platform.council.decide import decide, ruled_out
from chaos_aura.platform.model import (
    AllocationRequest,
    ContextSource,
    DecidedBy,
    Decision,
    Outcome,
    Priority,
    RefusalReason,
    Vote,
)
from chaos_aura.platform.pool.availability import Availability

NAMES = ("lnn_cost_optimizer", "lnn_fairness_enforcer", "lnn_performance_predictor")
YES, NO, ABSENT = True, False, None


def a_ballot(*answers: bool | None) -> Ballot:
    named = dict(zip(NAMES, answers, strict=False))
    cast = tuple(Vote(name, answer, 0.9, "because") for name, answer in named.items() if answer is not None)
    return Ballot(cast, {name: "busy" for name, answer in named.items() if answer is None})


def decided(ballot: Ballot, request: AllocationRequest | None = None, free: int = 8) -> Decision:
    request = request or a_request()
    case = seen(request, free)
    window = repeated(request, 3, 1000)
    return decide(request, case.quote, case.availability, ballot, window, NOW_MS)


@pytest.mark.parametrize(
    ("answers", "outcome", "detail"),
    [
        ((YES, YES, YES), Outcome.APPROVED, "3 of 3 votes approve"),
        ((YES, YES, NO), Outcome.APPROVED, "2 of 3 votes approve, against lnn_performance_predictor"),
        ((NO, YES, YES), Outcome.APPROVED, "2 of 3 votes approve, against lnn_cost_optimizer"),
        ((YES, NO, NO), Outcome.REFUSED, "2 of 3 votes refuse, against lnn_cost_optimizer"),
        ((NO, NO, NO), Outcome.REFUSED, "3 of 3 votes refuse"),
        ((YES, ABSENT, YES), Outcome.APPROVED, "2 of 2 votes approve; absent: lnn_fairness_enforcer"),
        ((ABSENT, NO, NO), Outcome.REFUSED, "2 of 2 votes refuse; absent: lnn_cost_optimizer"),
        ((YES, YES), Outcome.APPROVED, "2 of 2 votes approve"),
    ],
)
def test_two_votes_that_agree_decide(answers: tuple[bool | None, ...], outcome: Outcome, detail: str) -> None:
    decision = decided(a_ballot(*answers))
    assert (decision.outcome, decision.decided_by, decision.detail) == (outcome, DecidedBy.MAJORITY, detail)
    assert decision.reason is (None if outcome is Outcome.APPROVED else RefusalReason.COUNCIL_SAID_NO)


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ((YES, NO, ABSENT), f"{NAMES[0]}, {NAMES[1]} disagree; absent: {NAMES[2]}"),
        ((NO, YES), f"{NAMES[0]}, {NAMES[1]} disagree"),
        ((NO, ABSENT, ABSENT), f"only {NAMES[0]} voted; absent: {NAMES[1]}, {NAMES[2]}"),
        ((YES,), f"only {NAMES[0]} voted"),
        ((ABSENT, ABSENT, ABSENT), f"nobody voted; absent: {', '.join(NAMES)}"),
        ((), "nobody voted"),
    ],
)
def test_without_a_majority_the_fallback_rule_decides(answers: tuple[bool | None, ...], why: str) -> None:
    decision = decided(a_ballot(*answers))
    assert decision.decided_by is DecidedBy.FALLBACK
    assert decision.detail == f"{why}; fallback rule: approved, the priority is normal"


@pytest.mark.parametrize(
    ("priority", "free", "rule"),
    [
        (Priority.HIGH, 1, "approved, the priority is high"),
        (Priority.NORMAL, 1, "approved, the priority is normal"),
        (Priority.LOW, 3, "approved, 2 of 8 a100 stay free, at least a quarter"),
        (Priority.LOW, 2, "refused, the priority is low and only 1 of 8 a100 stay free, less than a quarter"),
    ],
)
@pytest.mark.parametrize("answers", [(YES, NO), (YES, ABSENT), (NO, ABSENT), (ABSENT, ABSENT)])
def test_the_fallback_rule(answers: tuple[bool | None, ...], priority: Priority, free: int, rule: str) -> None:
    decision = decided(a_ballot(*answers), a_request(priority=priority), free)
    assert decision.detail.endswith(f"; fallback rule: {rule}")
    assert decision.outcome.value == rule.partition(",")[0]
    assert decision.reason is (None if decision.outcome is Outcome.APPROVED else RefusalReason.COUNCIL_SAID_NO)


def test_a_decision_keeps_what_it_was_made_of() -> None:
    ballot = a_ballot(YES, ABSENT, YES)
    decision = decided(ballot)
    assert decision.votes == ballot.votes
    assert decision.absent == {"lnn_fairness_enforcer": "busy"}
    assert (decision.context_source, decision.context_size, decision.decided_at_ms) == (ContextSource.REDIS, 3, NOW_MS)
    assert decision.quote.total_usd == 5.12


def ruled(request: AllocationRequest, free: int) -> Decision | None:
    case = seen(request, free)
    return ruled_out(request, case.quote, case.availability, NOW_MS, repeated(request, 2, 1000))


def test_what_does_not_fit_is_refused_whatever_the_council_says() -> None:
    request = a_request(count=3)
    for decision in (ruled(request, free=2), decided(a_ballot(YES, YES, YES), request, free=2)):
        assert decision is not None
        assert (decision.outcome, decision.decided_by) == (Outcome.REFUSED, DecidedBy.RULES)
        assert (decision.reason, decision.detail) == (RefusalReason.NO_CAPACITY, "3 a100 asked, 2 of 8 free")
        assert decision.votes == ()


def test_a_type_that_the_pool_does_not_have_does_not_fit() -> None:
    request = a_request()
    case = seen(request, 1)
    decision = ruled_out(request, case.quote, Availability({}, {}), NOW_MS, case.window)
    assert decision is not None
    assert decision.detail == "1 a100 asked, 0 of 0 free"


def test_what_is_too_dear_is_refused_with_the_sentence() -> None:
    decision = ruled(replace(a_request(), budget_usd=5.0), free=8)
    assert decision is not None
    assert (decision.reason, decision.decided_by) == (RefusalReason.OVER_BUDGET, DecidedBy.RULES)
    assert decision.detail == "it costs $5.12 in all, and the budget is $5.00"
    assert (decision.context_source, decision.context_size) == (ContextSource.REDIS, 2)


def test_missing_capacity_is_told_before_the_price() -> None:
    decision = ruled(replace(a_request(count=3), max_hourly_usd=0.01), free=2)
    assert decision is not None
    assert decision.reason is RefusalReason.NO_CAPACITY


def test_the_rest_is_for_the_council() -> None:
    assert ruled(replace(a_request(count=2), budget_usd=10.24, max_hourly_usd=10.24), free=2) is None
