"""The retry budget: a share of the calls and so many a second, never more, whoever takes."""

import sys
from collections.abc import Iterator

import pytest
from guarded import HandClock, in_threads
from hypothesis import given
from hypothesis import strategies as st

from chaos_aura.platform.guards.budget import RetryBudget


@pytest.fixture
def switching() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before_s)


def taken(budget: RetryBudget, tries: int) -> int:
    return sum(budget.take() for _ in range(tries))


def test_it_starts_with_one_second_of_its_allowance() -> None:
    assert taken(RetryBudget(0.2, 10, HandClock()), 100) == 10


def test_a_fifth_of_the_calls_may_be_retried() -> None:
    budget = RetryBudget(0.2, 10, HandClock())
    taken(budget, 100)
    for _ in range(200):
        budget.count_call()
    assert taken(budget, 100) in (39, 40)  # 0.2 is no exact number


def test_ten_a_second_may_be_retried_without_any_call() -> None:
    clock = HandClock()
    budget = RetryBudget(0.2, 10, clock)
    taken(budget, 100)
    clock.move(3)
    assert taken(budget, 100) == 30


def test_what_is_saved_up_is_bounded() -> None:
    clock = HandClock()
    budget = RetryBudget(0.2, 10, clock)
    clock.move(3600)
    for _ in range(10_000):
        budget.count_call()
    assert taken(budget, 1000) == 100


@given(st.lists(st.tuples(st.sampled_from(["call", "take", "wait"]), st.integers(1, 40))))
def test_no_order_of_events_gives_more_than_the_allowance(events: list[tuple[str, int]]) -> None:
    clock = HandClock()
    budget, calls, retries, waited_s = RetryBudget(0.2, 10, clock), 0, 0, 0.0
    for event, times in events:
        if event == "wait":
            clock.move(times / 100)
            waited_s += times / 100
        elif event == "call":
            for _ in range(times):
                budget.count_call()
            calls += times
        else:
            retries += taken(budget, times)
    assert retries <= 10 + 0.2 * calls + 10 * waited_s + 1e-6


def test_no_thread_is_given_what_another_took(switching: None) -> None:
    budget = RetryBudget(0.2, 2000, HandClock())
    assert sum(each for each in in_threads(16, lambda: taken(budget, 500)) if isinstance(each, int)) == 2000


def test_no_call_of_any_thread_is_lost(switching: None) -> None:
    budget = RetryBudget(0.5, 1000, HandClock())
    taken(budget, 1000)

    def call() -> None:
        for _ in range(1000):
            budget.count_call()

    in_threads(16, call)
    assert taken(budget, 10_000) == 8000
