"""How late arrivals begin."""

from hypothesis import given
from hypothesis import strategies as st

from chaos_aura.load.lag import Lag

MS, S = 1_000_000, 1_000_000_000


@given(late_ns=st.lists(st.integers(-MS, 100 * S), min_size=1, max_size=300))
def test_it_is_told_within_a_step_and_never_better_than_it_was(late_ns: list[int]) -> None:
    lag = Lag()
    for late in late_ns:
        lag.add(late, 5 * S)
    rank = int(len(late_ns) * 0.99)
    true_ms = sorted(late_ns)[min(rank, len(late_ns) - 1)] / MS
    for told_ms in (lag.p99_ms(), lag.p99_of_all_ms()):
        assert max(true_ms, 0.01) - 0.001 <= told_ms <= max(true_ms, 0.01) * 1.051 + 0.001


def test_nothing_has_no_lag() -> None:
    assert (Lag().p99_ms(), Lag().p99_of_all_ms()) == (0, 0)


def test_the_last_minute_forgets_and_the_whole_does_not() -> None:
    lag = Lag()
    for second in range(100):
        for _ in range(10):
            lag.add(500 * MS if second < 30 else MS, second * S)
    assert lag.p99_ms() < 1.1
    assert lag.p99_of_all_ms() > 499
