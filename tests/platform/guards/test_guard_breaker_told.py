"""Changes of a breaker are told once, in order, whatever those do who hear of them."""

import threading
from random import Random

import pybreaker
import pytest
from guarded import Failure, HandClock, in_threads
from seen_breaker import CLOSED, HALF_OPEN, OPEN, Seen
from structlog.testing import capture_logs

from chaos_aura.platform.guards import BreakerChange, BreakerState, Policy
from chaos_aura.platform.guards.breaker import Breaker
from chaos_aura.platform.guards.phases import NotAdmitted


def _failing_or_not(fails: bool) -> None:
    if fails:
        raise Failure


def test_listeners_of_pybreaker_hear_all() -> None:
    heard: list[str] = []

    class Listener(pybreaker.CircuitBreakerListener):
        def success(self, cb: pybreaker.CircuitBreaker) -> None:
            heard.append("success")

        def failure(self, cb: pybreaker.CircuitBreaker, exc: BaseException) -> None:
            heard.append("failure")

        def state_change(self, cb: object, old_state: object, new_state: pybreaker.CircuitBreakerState) -> None:
            heard.append(new_state.name)

    seen = Seen(open_after_failures=2)
    seen.breaker.add_listener(Listener())
    seen.succeed()
    seen.due()
    seen.succeed()
    assert heard == ["success", "failure", "failure", "open", "half-open", "closed", "success"]


def test_whoever_hears_of_changes_may_fail() -> None:
    def full(_: BreakerChange) -> None:
        raise OSError("disk full")

    breaker = Breaker("neo4j", Policy(failures=(Failure,), open_after_failures=1), (Failure,), full, HandClock())

    def failing() -> None:
        raise Failure

    with capture_logs() as logs, pytest.raises(Failure):
        breaker.call(failing)
    assert breaker.reading is OPEN
    assert [line["event"] for line in logs] == ["breaker_change_untold"]


def test_changes_are_told_while_others_go_on_calling() -> None:
    """A listener that writes a file must not hold up those who only call."""
    others: list[object] = []

    def slow(_: BreakerChange) -> None:
        if not others:
            others.extend(in_threads(4, lambda: breaker.call(lambda: "was called")))

    breaker = Breaker("neo4j", Policy(failures=(Failure,), open_after_failures=1), (Failure,), slow, HandClock())

    def failing() -> None:
        raise Failure

    with pytest.raises(Failure):
        breaker.call(failing)
    assert [type(each) for each in others] == [NotAdmitted] * 4


def test_whoever_hears_of_a_change_may_make_another() -> None:
    told: list[BreakerState] = []

    def closing(change: BreakerChange) -> None:
        told.append(change.after)
        breaker.close_because("heard that it opened")

    def failing() -> None:
        raise Failure

    breaker = Breaker("neo4j", Policy(failures=(Failure,), open_after_failures=1), (Failure,), closing, HandClock())
    (ended,) = in_threads(1, lambda: breaker.call(failing))
    assert isinstance(ended, Failure)
    assert told == [OPEN, CLOSED]


def test_every_change_is_told_once_and_in_order_under_many_threads() -> None:
    changes: list[BreakerChange] = []
    policy = Policy(failures=(Failure,), open_after_failures=2, open_s=1e-5)
    ticks = iter(range(10**9))
    breaker = Breaker("neo4j", policy, (Failure,), changes.append, lambda: next(ticks) * 1e-6)

    def hammer() -> None:
        chance = Random(threading.get_ident())
        for _ in range(400):
            try:
                breaker.call(_failing_or_not, chance.random() < 0.6)
            except (Failure, NotAdmitted):
                continue

    in_threads(16, hammer)
    assert len(changes) > 10
    told = [CLOSED, *(change.after for change in changes)]
    assert [change.before for change in changes] == told[:-1]
    assert breaker.reading is told[-1]
    assert {(OPEN, CLOSED), (CLOSED, HALF_OPEN)}.isdisjoint((change.before, change.after) for change in changes)
