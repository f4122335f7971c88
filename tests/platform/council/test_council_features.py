"""A situation as numbers."""

from dataclasses import replace

import numpy as np
import pytest
from council_cases import HOUR_MS, NOW_MS, a_request, extreme, repeated, seen

from chaos_aura.platform.council.features import COLUMN, MOST_DAYS, NAMES, observe
from chaos_aura.platform.model import GpuType, Outcome


def test_a_row_for_each_decision_and_one_for_the_request() -> None:
    told = observe(extreme())
    assert told.rows.shape == (9, len(NAMES))
    assert told.rows[:, COLUMN["present"]].tolist() == [0] * 8 + [1]
    assert told.gaps_days[0] == 0
    np.testing.assert_allclose(told.gaps_days[1:], 1 / 24)


def test_without_a_past_there_is_the_request() -> None:
    told = observe(seen(a_request(), free=3))
    assert len(told.rows) == 1
    assert told.rows[0, COLUMN["free"]] == pytest.approx(3 / 8)
    assert told.rows[0, COLUMN["left"]] == pytest.approx(2 / 8)
    assert told.rows[0, COLUMN["crowding"]] == pytest.approx(1 / 3)


def test_only_what_was_approved_of_the_same_type_is_hoarded() -> None:
    request = a_request(GpuType.V100, 5, 36)
    for window, hoarded in (
        (repeated(request, 2, HOUR_MS), 0.5),
        (repeated(request, 2, HOUR_MS, Outcome.REFUSED), 0),
        (repeated(replace(request, gpu_type=GpuType.T4), 2, HOUR_MS), 0),
    ):
        rows = observe(seen(request, free=5, window=window)).rows
        assert rows[:, COLUMN["hoarded"]].tolist() == pytest.approx([hoarded, hoarded, 0])


def test_a_budget_shows() -> None:
    request = replace(a_request(GpuType.H100, 1, 1), budget_usd=16.0)
    row = observe(seen(request, free=1)).rows[-1]
    assert (row[COLUMN["budgeted"]], row[COLUMN["budget_used"]]) == (1, 0.5)


def test_the_size_of_the_pool_does_not_matter_only_shares_do() -> None:
    small = observe(seen(a_request(GpuType.A100, 1), free=2, total={GpuType.A100: 4})).rows[-1]
    large = observe(seen(a_request(GpuType.A100, 100), free=200, total={GpuType.A100: 400})).rows[-1]
    for name in ("share", "free", "left", "crowding", "type_hours"):
        assert small[COLUMN[name]] == large[COLUMN[name]], name


def test_clocks_that_disagree_make_no_negative_gap_and_the_longest_is_bounded() -> None:
    window = repeated(a_request(), 3, gap_ms=HOUR_MS)
    first, second, third = window.decisions
    odd = (replace(first, decided_at_ms=0), second, replace(third, decided_at_ms=NOW_MS + HOUR_MS))
    gaps = observe(seen(a_request(), free=3, window=replace(window, decisions=odd))).gaps_days
    assert gaps.tolist() == pytest.approx([0, MOST_DAYS, 3 / 24, 0])


def test_a_longer_window_than_there_can_be_is_cut_to_its_newest() -> None:
    told = observe(seen(a_request(), free=3, window=repeated(a_request(), 40, gap_ms=HOUR_MS)))
    assert len(told.rows) == 17
