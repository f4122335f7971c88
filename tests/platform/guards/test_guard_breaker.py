"""The breaker: each change of its state, and what counts as a failure."""

from collections.abc import Callable
from functools import partial

import pybreaker
import pytest
from guarded import Answer
from seen_breaker import CLOSED, HALF_OPEN, OPEN, Seen

from chaos_aura.platform.guards.breaker import NotRunYet


async def _coroutine() -> str:
    return "good"


def _generator():
    yield "good"


async def _async_generator():
    yield "good"


def test_it_is_a_pybreaker() -> None:
    assert isinstance(Seen().breaker, pybreaker.CircuitBreaker)


def test_it_opens_after_failures_in_a_row_and_says_why() -> None:
    seen = Seen()
    seen.fail(4)
    assert seen.breaker.reading is CLOSED
    seen.fail(why="connection refused")
    assert seen.breaker.reading is OPEN
    (change,) = seen.changes
    assert (change.dependency, change.before, change.after) == ("neo4j", CLOSED, OPEN)
    assert change.monotonic_s == seen.clock()
    assert change.cause == "Failure: connection refused"


def test_a_success_ends_the_row() -> None:
    seen = Seen()
    for _ in range(3):
        seen.fail(4)
        seen.succeed(9)
    assert seen.breaker.reading is CLOSED


def test_it_opens_when_half_of_the_calls_fail_though_never_many_in_a_row() -> None:
    seen = Seen()
    for _ in range(9):
        seen.fail()
        seen.succeed()
    assert seen.breaker.reading is CLOSED
    seen.fail()
    assert seen.breaker.reading is OPEN


def test_a_few_failures_among_many_successes_leave_it_closed() -> None:
    seen = Seen()
    for _ in range(50):
        seen.fail()
        seen.succeed(2)
    assert seen.breaker.reading is CLOSED


def test_failures_of_long_ago_do_not_count() -> None:
    seen = Seen()
    for _ in range(50):
        seen.fail()
        seen.succeed()
        seen.clock.move(seen.policy.rate_window_s / 8)
    assert seen.breaker.reading is CLOSED


def test_an_open_one_calls_nothing_until_its_time_is_up() -> None:
    seen = Seen().opened()
    assert seen.refused().retry_after_s == pytest.approx(1.0)
    seen.clock.move(0.75)
    refused = seen.refused()
    assert refused.retry_after_s == pytest.approx(0.25)
    assert "Failure: away" in str(refused)


def test_a_probe_that_succeeds_closes_it() -> None:
    seen = Seen().due()
    seen.succeed()
    assert seen.states == [OPEN, HALF_OPEN, CLOSED]
    seen.fail(4)
    assert seen.breaker.reading is CLOSED, "failures from before count still"


def test_a_probe_that_fails_opens_it_for_as_long_again() -> None:
    seen = Seen().due()
    seen.fail(why="still away")
    assert seen.states == [OPEN, HALF_OPEN, OPEN]
    assert seen.changes[-1].cause == "Failure: still away"
    seen.clock.move(0.99)
    seen.refused()
    seen.clock.move(0.01)
    seen.succeed()
    assert seen.breaker.reading is CLOSED


def test_it_may_want_more_than_one_success() -> None:
    seen = Seen(close_after_successes=3).due()
    seen.succeed(2)
    assert seen.breaker.reading is HALF_OPEN
    seen.succeed()
    assert seen.breaker.reading is CLOSED


def test_other_exceptions_are_answers_and_end_a_row() -> None:
    def answering() -> None:
        raise Answer

    seen = Seen()
    seen.fail(4)
    with pytest.raises(Answer):
        seen.breaker.call(answering)
    seen.fail(4)
    assert seen.breaker.reading is CLOSED
    seen.fail()
    seen.clock.move(1)
    with pytest.raises(Answer):
        seen.breaker.call(answering)
    assert seen.breaker.reading is CLOSED


def test_an_interrupted_probe_of_a_thread_frees_its_place() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    seen = Seen().due()
    with pytest.raises(KeyboardInterrupt):
        seen.breaker.call(interrupted)
    assert seen.breaker.reading is HALF_OPEN
    seen.succeed()


@pytest.mark.parametrize("unrun", [_coroutine, partial(_coroutine), _generator, _async_generator])
def test_what_a_plain_call_does_not_run_is_refused(unrun: Callable[[], object]) -> None:
    with pytest.raises(NotRunYet, match=r"await Guard\.run"):
        Seen().breaker.call(unrun)


def test_a_mistake_of_the_caller_says_nothing_of_the_dependency() -> None:
    seen = Seen().due()
    with pytest.raises(NotRunYet):
        seen.breaker.call(_coroutine)
    assert seen.breaker.reading is HALF_OPEN
    seen.succeed()


def test_closing_it_by_hand_is_a_change_with_its_cause() -> None:
    seen = Seen().opened()
    seen.breaker.close_because("switched off")
    seen.breaker.close_because("switched off")
    assert [(change.after, change.cause) for change in seen.changes[1:]] == [(CLOSED, "switched off")]
    seen.succeed()
