"""Arrivals that are known beforehand."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos_aura.core.errors import BadInput
from chaos_aura.load.arrivals import Pattern, arrivals_ns
from chaos_aura.load.shapes import Phase, shaped, steady

S = 1_000_000_000
_rates = st.floats(0, 200)
_phases = st.lists(st.builds(Phase, st.just("p"), st.floats(0.01, 20), _rates, _rates), min_size=1, max_size=4)


def test_constant_arrivals_are_evenly_spaced() -> None:
    due = arrivals_ns([steady("s", 10, 4)], Pattern.CONSTANT, 1)
    assert due == [int((nth + 0.5) * S / 4) for nth in range(40)]


def test_a_rate_that_rises_brings_them_closer_together() -> None:
    due = arrivals_ns([Phase("rise", 10, 0, 20)], Pattern.CONSTANT, 1)
    assert len(due) == 100
    assert [sum(at < second * S for at in due) for second in (1, 5, 10)] == [1, 25, 100]


def test_the_next_phase_goes_on_where_the_one_before_ended() -> None:
    whole = arrivals_ns([steady("s", 10, 3)], Pattern.CONSTANT, 1)
    assert arrivals_ns([steady("a", 3.7, 3), steady("b", 6.3, 3)], Pattern.CONSTANT, 1) == pytest.approx(whole, abs=10)


@pytest.mark.parametrize("pattern", list(Pattern))
@given(phases=_phases, seed=st.integers(0, 1000))
def test_they_come_in_order_within_their_time_and_the_same_again(
    pattern: Pattern, phases: list[Phase], seed: int
) -> None:
    due = arrivals_ns(phases, pattern, seed)
    assert due == sorted(due)
    assert all(0 <= at <= sum(phase.lasts_s for phase in phases) * S + 1 for at in due)
    assert due == arrivals_ns(phases, pattern, seed)


@given(phases=_phases)
def test_each_phase_holds_as_many_constant_ones_as_its_rate_says(phases: list[Phase]) -> None:
    due, ends_s, expected = arrivals_ns(phases, Pattern.CONSTANT, 1), 0.0, 0.0
    for phase in phases:
        ends_s, expected = ends_s + phase.lasts_s, expected + phase.arrivals
        assert abs(sum(at <= ends_s * S for at in due) - expected) <= 0.5 + 1e-3


def test_poisson_ones_come_as_often_and_as_unevenly_as_they_should() -> None:
    due = arrivals_ns([steady("s", 1000, 20)], Pattern.POISSON, 7)
    seconds = Counter(at // S for at in due)
    counts = [seconds[second] for second in range(1000)]
    mean = sum(counts) / 1000
    variance = sum((count - mean) ** 2 for count in counts) / 1000
    assert mean == pytest.approx(20, abs=5 * math.sqrt(20 / 1000))
    assert 0.8 < variance / mean < 1.2
    assert due != arrivals_ns([steady("s", 1000, 20)], Pattern.POISSON, 8)


@pytest.mark.parametrize("rate", [-1.0, math.inf, math.nan])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(BadInput, match="load, phase s: from_per_s is"):
        arrivals_ns([steady("s", 1, rate)], Pattern.CONSTANT, 1)


def test_load_is_bounded() -> None:
    with pytest.raises(BadInput, match="2000000 arrivals are more than 1000000"):
        arrivals_ns([steady("s", 1000, 2000)], Pattern.CONSTANT, 1)
    with pytest.raises(BadInput, match="lasts_s is inf"):
        arrivals_ns([steady("s", math.inf, 0)], Pattern.CONSTANT, 1)


def test_named_shapes_are_multiples_of_what_the_machine_can_do() -> None:
    assert [shaped(name, 60, 10)[0].to_per_s for name in ("baseline", "sustained", "peak")] == [3, 6, 10]
    rise, hold, drop, after = shaped("spike", 60, 10)
    assert (rise.from_per_s, rise.to_per_s, rise.lasts_s) == (0, 50, 30)
    assert (hold.from_per_s, hold.to_per_s) == (50, 50)
    assert (drop.from_per_s, drop.to_per_s) == (50, 3)
    assert (after.to_per_s, sum(phase.lasts_s for phase in (rise, hold, drop, after))) == (3, 60)


def test_a_shape_that_does_not_exist_or_has_no_time_is_refused() -> None:
    with pytest.raises(BadInput, match="no shape `tsunami`; take one of: baseline, sustained, peak, spike"):
        shaped("tsunami", 60, 10)
    with pytest.raises(BadInput, match="a spike of 35 s has no time to hold; let it last longer than 35 s"):
        shaped("spike", 35, 10)
