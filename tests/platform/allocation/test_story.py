"""Each change of an allocation keeps what was known before."""

from datetime import UTC, datetime, timedelta

import pytest

from chaos_aura.platform.allocation.story import Story, refused
from chaos_aura.platform.model import (
    AllocationRequest,
    DecidedBy,
    Decision,
    GpuType,
    Grant,
    Outcome,
    Quote,
    RefusalReason,
    State,
    Vote,
)

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_REQUEST = AllocationRequest("r1", "tenant", GpuType.A100, 2, 0.5)
_APPROVED = Decision(
    Outcome.APPROVED, DecidedBy.MAJORITY, "yes", Quote(1.0, 2.0), 1, votes=(Vote("agent", True, 0.9, "because"),)
)
_GRANT = Grant("r1", ("a100-0", "a100-1"), 7)


def granted() -> Story:
    story = Story.begun(_REQUEST, _NOW)
    story.decide(_APPROVED)
    story.grant(_GRANT, _NOW)
    return story


def test_an_approved_request_is_pending_until_the_pool_has_granted_it() -> None:
    story = Story.begun(_REQUEST, _NOW)
    story.decide(_APPROVED)
    assert story.state is State.PENDING
    story.grant(_GRANT, _NOW)
    assert (story.state, story.allocation.grant) == (State.GRANTED, _GRANT)


def test_a_refusal_after_the_vote_keeps_the_vote() -> None:
    decision = refused(_APPROVED, RefusalReason.NO_CAPACITY, "0 free")
    assert (decision.outcome, decision.reason, decision.votes, decision.quote) == (
        Outcome.REFUSED,
        RefusalReason.NO_CAPACITY,
        _APPROVED.votes,
        _APPROVED.quote,
    )


def test_the_hold_ends_at_its_hours() -> None:
    assert granted().rest_of_hold(_NOW + timedelta(minutes=10)) == timedelta(minutes=20)


def test_a_hold_that_is_over_ends_at_once() -> None:
    assert granted().rest_of_hold(_NOW + timedelta(hours=2)) == timedelta(milliseconds=1)


@pytest.mark.parametrize(("begun", "state"), [(True, State.RELEASED), (False, State.REFUSED)])
def test_an_early_end_releases_what_was_held_and_refuses_what_was_not(begun: bool, state: State) -> None:
    story = granted() if begun else Story.begun(_REQUEST, _NOW)
    story.end(RefusalReason.CANCELLED, "cancelled", _NOW)
    assert story.state is state
    assert story.allocation.release_reason == ("cancelled" if begun else None)
