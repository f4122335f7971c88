"""How long a program that ended waits."""

from hypothesis import given
from hypothesis import strategies as st

from chaos_aura.stack.supervisor.backoff import CAP_S, Backoff


def test_it_grows_from_nothing_to_the_cap() -> None:
    backoff = Backoff()
    assert [backoff.next_wait_s(0.1) for _ in range(9)] == [0, 0.25, 0.5, 1, 2, 4, 5, 5, 5]


def test_ten_steady_seconds_make_the_next_end_the_first() -> None:
    backoff = Backoff()
    assert [backoff.next_wait_s(ran_s) for ran_s in (1, 1, 9.9, 10, 1, 1)] == [0, 0.25, 0.5, 0, 0.25, 0.5]


@given(st.lists(st.floats(min_value=0, max_value=1e9), max_size=2000))
def test_it_never_exceeds_the_cap_and_never_stops(runs_s: list[float]) -> None:
    backoff = Backoff()
    waits_s = [backoff.next_wait_s(ran_s) for ran_s in runs_s]
    assert len(waits_s) == len(runs_s)
    assert all(0 <= wait_s <= CAP_S for wait_s in waits_s)


@given(st.integers(min_value=7, max_value=5000))
def test_what_never_stays_up_is_tried_at_the_cap_for_ever(ends: int) -> None:
    backoff = Backoff()
    assert [backoff.next_wait_s(0) for _ in range(ends)][6:] == [CAP_S] * (ends - 6)
