import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos_aura.judge.percentile import percentile


@pytest.mark.parametrize(("share", "value"), [(0.01, 1), (0.5, 50), (0.07, 7), (0.95, 95), (0.99, 99), (1, 100)])
def test_it_is_one_of_the_values_by_nearest_rank(share: float, value: float) -> None:
    assert percentile(range(100, 0, -1), share) == value


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.001, 1))
def test_enough_values_are_at_most_so_large_and_not_with_the_next_smaller(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-6
    assert sum(value < found for value in values) < share * len(values) + 1e-6


def test_of_nothing_or_of_no_share_there_is_none() -> None:
    with pytest.raises(ValueError, match="there is no value"):
        percentile([], 0.5)
    with pytest.raises(ValueError, match="not 95"):
        percentile([1.0], 95)
