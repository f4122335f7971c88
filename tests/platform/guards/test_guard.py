"""A guard as its users meet it: what is tried again and what not, until when, and what the error says at the end."""

from dataclasses import replace

import pytest
from guarded import ALWAYS, NEVER_OPENS, QUICK, Answer, Dependency, Failure, HandClock, Run, Watcher, both_ways, guard

from chaos_aura.platform.errors import BreakerOpen, DeadlinePassed, DependencyAway
from chaos_aura.platform.guards import BreakerChange, BreakerState

pytestmark = both_ways


def test_a_good_call_is_made_once_and_its_latency_kept(run: Run) -> None:
    guarded, dependency = guard(), Dependency()
    assert guarded.last_latency_s is None
    assert run(guarded, dependency) == "good"
    assert dependency.calls == 1
    assert guarded.last_latency_s is not None
    assert 0 <= guarded.last_latency_s < 20


def test_a_failure_is_retried_until_it_is_good(run: Run) -> None:
    dependency = Dependency(failures=3)
    assert run(guard(), dependency) == "good"
    assert dependency.calls == 4


def test_tries_end_and_the_cause_is_kept(run: Run) -> None:
    dependency = Dependency(ALWAYS)
    with pytest.raises(DependencyAway) as away:
        run(guard(), dependency)
    assert dependency.calls == QUICK.attempts
    assert away.value.where == "neo4j"
    assert away.value.__cause__ is dependency.error
    assert away.value.why == "Failure: away (4 tries: no more are allowed)"


def test_what_may_not_be_repeated_is_tried_once(run: Run) -> None:
    dependency = Dependency(ALWAYS)
    with pytest.raises(DependencyAway, match=r"1 try: it may not be repeated"):
        run(guard(), dependency, idempotent=False)
    assert dependency.calls == 1


def test_an_answer_passes_as_it_is(run: Run) -> None:
    guarded = guard()
    for _ in range(20):
        dependency = Dependency(ALWAYS, Answer("no capacity"))
        with pytest.raises(Answer) as answer:
            run(guarded, dependency)
        assert answer.value is dependency.error
        assert dependency.calls == 1
    assert guarded.state is BreakerState.CLOSED


def test_an_answer_after_a_failure_ends_the_tries(run: Run) -> None:
    errors = iter([Failure("away"), Answer("no")])

    def operation() -> str:
        raise next(errors)

    with pytest.raises(Answer):
        run(guard(), operation)


def test_failures_open_the_breaker_and_then_nothing_is_called(run: Run) -> None:
    changes: list[BreakerChange] = []
    guarded, dependency = guard(notice=changes.append, clock=HandClock()), Dependency(ALWAYS)
    with pytest.raises(DependencyAway):
        run(guarded, dependency)
    with pytest.raises(DependencyAway, match="its breaker is open"):
        run(guarded, dependency)
    assert dependency.calls == QUICK.open_after_failures, "it was retried though the breaker had opened"
    with pytest.raises(BreakerOpen, match="Failure: away") as refused:
        run(guarded, dependency)
    assert dependency.calls == QUICK.open_after_failures
    assert 0 < refused.value.retry_after_s <= QUICK.open_s
    assert [change.after for change in changes] == [BreakerState.OPEN]


def test_the_snapshot_tells_readiness_what_it_needs(run: Run) -> None:
    clock = HandClock()
    guarded = guard(clock=clock, policy=replace(QUICK, attempts=1))
    fresh = guarded.snapshot()
    assert (fresh.state, fresh.last_latency_s, fresh.consecutive_failures) == (BreakerState.CLOSED, None, 0)
    for _ in range(5):
        with pytest.raises(DependencyAway):
            run(guarded, Dependency(ALWAYS))
    clock.move(0.25)
    opened = guarded.snapshot()
    assert (opened.dependency, opened.state, opened.consecutive_failures) == ("neo4j", BreakerState.OPEN, 5)
    assert opened.retry_after_s == pytest.approx(0.75)
    clock.move(0.75)
    assert run(guarded, Dependency()) == "good"
    assert guarded.snapshot().consecutive_failures == 0
    assert guarded.state is BreakerState.CLOSED


def test_no_try_is_made_when_there_is_no_time(run: Run) -> None:
    dependency = Dependency()
    with pytest.raises(DeadlinePassed, match="no time for a try"):
        run(guard(), dependency, 0.0)
    assert dependency.calls == 0


def test_no_wait_is_begun_that_the_deadline_would_cut_off(run: Run) -> None:
    slow = replace(NEVER_OPENS, attempts=ALWAYS, first_wait_s=100, longest_wait_s=100)
    dependency = Dependency(ALWAYS)
    with pytest.raises(DependencyAway, match="1 try: its deadline leaves no time"):
        run(guard(slow), dependency, 20.0)
    assert dependency.calls == 1


def test_tries_end_with_the_deadline(run: Run) -> None:
    clock = HandClock()
    dependency = Dependency(ALWAYS)

    def a_second_each() -> str:
        clock.move(1)
        return dependency()

    with pytest.raises(DependencyAway, match="its deadline leaves no time"):
        run(guard(replace(NEVER_OPENS, attempts=ALWAYS), clock=clock), a_second_each, 7.5)
    assert dependency.calls == 8


def test_retries_end_with_the_budget(run: Run) -> None:
    clock = HandClock()
    guarded, dependency = guard(NEVER_OPENS, clock=clock), Dependency(ALWAYS)
    for _ in range(100):
        with pytest.raises(DependencyAway):
            run(guarded, dependency)
    assert dependency.calls - 100 in (29, 30), "10 to begin with, and a fifth of 100 calls"
    with pytest.raises(DependencyAway, match="the retry budget is spent"):
        run(guarded, dependency)
    clock.move(1)
    with pytest.raises(DependencyAway, match="4 tries: no more are allowed"):
        run(guarded, dependency)


def test_even_who_declares_every_exception_gets_no_retry_of_an_open_breaker(run: Run) -> None:
    greedy = replace(QUICK, failures=(Exception,), attempts=3, open_after_failures=1)
    guarded, dependency = guard(greedy, clock=HandClock()), Dependency(ALWAYS)
    with pytest.raises(DependencyAway):
        run(guarded, dependency)
    with pytest.raises(BreakerOpen):
        run(guarded, dependency)
    with pytest.raises(DeadlinePassed, match="no time for a try"):
        run(guarded, dependency, 0.0)
    assert dependency.calls == 1


def test_the_watcher_sees_each_try_and_each_retry(run: Run) -> None:
    watcher = Watcher()
    guarded = guard(replace(QUICK, open_after_failures=3), clock=HandClock(), watcher=watcher)
    run(guarded, Dependency(failures=1))
    with pytest.raises(Answer):
        run(guarded, Dependency(ALWAYS, Answer()))
    with pytest.raises(DependencyAway):
        run(guarded, Dependency(ALWAYS))
    with pytest.raises(BreakerOpen):
        run(guarded, Dependency())
    again = "again neo4j"
    assert watcher.seen == ["failed", again, "ok", "answered", "failed", again, "failed", again, "failed", "open"]
