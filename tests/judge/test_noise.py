from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos_aura.judge.noise import MachineSample, noisy_s, noisy_stretches

S = 1_000_000_000
QUIET = {"foreign_cpu": 0.1, "steal": 0.0, "echo_s": 0.001}


def sampled(values: Sequence[dict[str, float | None]], every_s: float = 0.5) -> list[MachineSample]:
    return [MachineSample.of({"at": int(nth * every_s * S), **QUIET, **seen}) for nth, seen in enumerate(values)]


def seconds(samples: list[MachineSample]) -> list[tuple[float, float]]:
    return [(low / S, high / S) for low, high in noisy_stretches(samples)]


def test_a_quiet_machine_has_none() -> None:
    assert noisy_stretches(sampled([{}] * 20)) == ()
    assert noisy_stretches([]) == ()


@pytest.mark.parametrize("high", [{"steal": 0.11}, {"echo_s": 0.101}])
def test_steal_and_a_late_echo_count_at_once_with_a_sample_on_both_sides(high: dict[str, float]) -> None:
    samples = sampled([{}, {}, {}, {}, high, {}, {}, {}])
    assert seconds(samples) == [(1.0, 2.5)]  # it tells of 1.5 to 2.0
    assert noisy_s(noisy_stretches(samples)) == 1.5


@pytest.mark.parametrize("low", [{"steal": 0.1}, {"echo_s": 0.1}, {"foreign_cpu": 0.5}])
def test_what_is_at_its_limit_is_not_noisy(low: dict[str, float]) -> None:
    assert noisy_stretches(sampled([{}, low, low, low, {}])) == ()


def test_a_stranger_counts_when_he_lasts_for_a_second() -> None:
    assert noisy_stretches(sampled([{}, {}, {"foreign_cpu": 1.5}, {}, {}])) == ()
    long = sampled([{}, {}, {}, {"foreign_cpu": 0.9}, {"foreign_cpu": 0.9}, {}, {}])
    assert seconds(long) == [(0.5, 2.5)]


def test_two_short_ones_apart_do_not_add_up() -> None:
    assert noisy_stretches(sampled([{}, {"foreign_cpu": 2.0}, {}, {"foreign_cpu": 2.0}, {}])) == ()


def test_what_overlaps_is_one_stretch() -> None:
    samples = sampled([{}, {}, {"steal": 0.5}, {}, {"echo_s": 0.3}, {}, {}, {}, {}, {}, {}, {"steal": 0.5}])
    assert seconds(samples) == [(0.0, 2.5), (4.5, 5.5)]


def test_a_sampler_that_was_silent_itself_is_a_late_timer_and_so_a_noisy_gap() -> None:
    samples = [*sampled([{}, {}]), MachineSample(int(4.5 * S), 0.0, 0.0, 4.0)]
    assert seconds(samples) == [(0.0, 4.5)]


def test_what_could_not_be_seen_proves_nothing() -> None:
    assert noisy_stretches(sampled([{"foreign_cpu": None, "steal": None, "echo_s": None}] * 5)) == ()


@given(st.lists(st.sampled_from([{}, {"steal": 0.5}, {"foreign_cpu": 1.0}, {"echo_s": 0.2}]), max_size=40))
def test_stretches_are_apart_in_order_and_cover_all_that_is_high(values: list[dict[str, float | None]]) -> None:
    samples = sampled(values)
    found = noisy_stretches(reversed(samples))
    flat = [moment for stretch in found for moment in stretch]
    assert flat == sorted(flat)
    assert len(set(flat)) == len(flat) or len(samples) == 1
    for nth, each in enumerate(samples):
        if each.steal == 0.5 or each.echo_s == 0.2:
            began_ns = samples[max(nth - 1, 0)].at_ns
            assert any(low <= began_ns and each.at_ns <= high for low, high in found)
