"""The teachers' rules, and their two documented examples."""

from dataclasses import replace
from itertools import islice

import pytest
from council_cases import HOUR_MS, a_request, extreme, ordinary, repeated, seen

from chaos_aura.platform.council import teacher
from chaos_aura.platform.council.synthetic import situations
from chaos_aura.platform.model import GpuType, Priority


def test_the_ordinary_example_is_as_documented() -> None:
    told = [concern(ordinary()) for concern in teacher.CONCERNS.values()]
    assert told == pytest.approx([0.09, 0.24, 0.04], abs=0.005)
    assert all(figure in teacher.__doc__ for figure in ("Cost 0.09", "fairness 0.24", "performance 0.04"))


def test_the_extreme_example_is_as_documented() -> None:
    told = [concern(extreme()) for concern in teacher.CONCERNS.values()]
    assert told == pytest.approx([11.2, 30.6, 6], rel=0.01)
    assert all(figure in teacher.__doc__ for figure in ("Cost about 11", "fairness about 31", "performance 6"))


@pytest.mark.parametrize("concern", teacher.CONCERNS.values())
def test_priority_stretches_every_limit(concern: object) -> None:
    low, normal, high = (
        concern(replace(extreme(), request=replace(extreme().request, priority=each))) for each in Priority
    )
    assert (low, normal) == pytest.approx((2 * normal, 2 * high))


def test_who_spends_much_may_spend_much_at_once_but_not_without_end() -> None:
    large, small = a_request(GpuType.A100, 4, 24), a_request(GpuType.A100, 1, 1)
    assert teacher.cost(seen(large, free=8)) > 1
    assert teacher.cost(seen(large, free=8, window=repeated(large, 1, HOUR_MS))) < 1
    assert teacher.cost(seen(large, free=8, window=repeated(large, 8, HOUR_MS))) > 1
    assert teacher.cost(seen(large, free=8, window=repeated(small, 1, HOUR_MS))) > 1


def test_a_named_budget_stretches_the_limits_of_cost() -> None:
    request = a_request(GpuType.A100, 4, 24)
    plain, budgeted = (teacher.cost(seen(replace(request, budget_usd=each), free=8)) for each in (None, 1000.0))
    assert plain == pytest.approx(1.5 * budgeted)


def test_hoarding_fades_and_weighs_less_where_much_stays_free() -> None:
    request = a_request(GpuType.H100, 1, 40)
    fresh, old = (seen(request, free=1, window=repeated(request, 4, gap_ms)) for gap_ms in (HOUR_MS, 48 * HOUR_MS))
    assert teacher.fairness(fresh) > 1 > teacher.fairness(old)
    assert teacher.fairness(seen(request, free=4, window=repeated(request, 4, HOUR_MS))) < 1


def test_performance_asks_for_how_long_others_must_wait() -> None:
    assert teacher.performance(seen(a_request(GpuType.T4, 10, 40), free=10)) > 1
    assert teacher.performance(seen(a_request(GpuType.T4, 10, 40), free=20)) < 1
    assert teacher.performance(seen(a_request(GpuType.T4, 10, 4), free=10)) < 1


def test_certainty() -> None:
    assert teacher.certainty(0) == 1
    assert teacher.certainty(1) == teacher.LIMIT
    assert teacher.certainty(2) == pytest.approx(0.06, abs=0.005)
    assert teacher.certainty(1e9) < 1e-30


def test_lessons_show_both_sides_of_every_limit() -> None:
    drawn = list(islice(situations(12), 2000))
    for concern in teacher.CONCERNS.values():
        refused = sum(concern(each) > 1 for each in drawn)
        assert 300 < refused < 1000


def test_lessons_are_valid_requests_that_fit_the_pool_and_the_same_for_a_seed() -> None:
    drawn = list(islice(situations(13), 500))
    assert all(1 <= each.request.count <= each.free <= each.total and each.request.hours > 0 for each in drawn)
    assert drawn == list(islice(situations(13), 500))
    assert drawn != list(islice(situations(14), 500))
