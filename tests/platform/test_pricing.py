"""What GPUs cost, to the fourth place, and what a tenant's limits say."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos_aura.platform.model import AllocationRequest, GpuType, Quote
from chaos_aura.platform.pricing import affordable, quote


def asked(gpu_type: str, count: int, hours: float, *, spot: bool = False) -> AllocationRequest:
    return AllocationRequest("r", "acme", GpuType(gpu_type), count, hours, spot=spot)


@pytest.mark.parametrize(
    ("request_", "hourly_usd", "total_usd", "discounts"),
    [
        (asked("t4", 1, 1), 0.526, 0.526, ()),
        (asked("v100", 1, 1), 2.48, 2.48, ()),
        (asked("a100", 3, 10), 15.36, 153.6, ()),
        (asked("h100", 4, 2), 30.4, 60.8, ("4 or more 5 %",)),
        (asked("h100", 7, 1), 53.2, 53.2, ("4 or more 5 %",)),
        (asked("a100", 8, 24), 36.864, 884.736, ("8 or more 10 %",)),
        (asked("h100", 1, 5.99, spot=True), 5.6, 33.544, ("spot 30 %",)),
        (asked("h100", 1, 6, spot=True), 8.0, 48.0, ()),
        (asked("t4", 20, 0.5, spot=True), 6.6276, 3.3138, ("spot 30 %", "8 or more 10 %")),
        (asked("t4", 5, 1, spot=True), 1.749, 1.749, ("spot 30 %", "4 or more 5 %")),
    ],
)
def test_quotes(request_: AllocationRequest, hourly_usd: float, total_usd: float, discounts: tuple[str, ...]) -> None:
    assert quote(request_) == Quote(hourly_usd, total_usd, discounts)


def test_the_total_is_rounded_once_and_halves_go_up() -> None:
    assert quote(asked("t4", 5, 1.1, spot=True)).total_usd == 1.9238  # 1.748950 x 1.1 = 1.923845; 1.749 x 1.1 = 1.9239
    assert quote(asked("t4", 1, 0.12500)).total_usd == 0.0658  # 0.065750


@given(st.sampled_from(GpuType), st.integers(1, 5000), st.floats(0.001, 8760), st.booleans())
def test_every_price_is_a_price(gpu_type: GpuType, count: int, hours: float, spot: bool) -> None:
    told = quote(AllocationRequest("r", "acme", gpu_type, count, hours, spot=spot))
    assert 0 < told.hourly_usd <= 8 * count
    assert told.total_usd == pytest.approx(told.hourly_usd * hours, abs=6e-5 * (1 + hours))
    for usd in (told.hourly_usd, told.total_usd):
        assert Decimal(str(usd)) == round(Decimal(str(usd)), 4)


def test_a_budget_is_for_the_whole() -> None:
    request = asked("h100", 1, 10)
    assert affordable(replace(request, budget_usd=80.0), quote(request))
    refused = affordable(replace(request, budget_usd=79.99), quote(request))
    assert not refused
    assert refused.why_not == "it costs $80.00 in all, and the budget is $79.99"


def test_a_maximum_is_for_an_hour_of_all_gpus() -> None:
    request = asked("h100", 2, 10)
    assert affordable(replace(request, max_hourly_usd=16.0), quote(request))
    refused = affordable(replace(request, max_hourly_usd=15.5), quote(request))
    assert not refused
    assert refused.why_not == "it costs $16.00 an hour, and the most to be paid an hour is $15.50"


def test_who_sets_no_limits_can_afford_everything() -> None:
    request = asked("h100", 4, 8760)
    assert affordable(request, quote(request))


def test_nothing_to_spend_is_a_limit_too() -> None:
    request = asked("t4", 1, 1)
    assert not affordable(replace(request, budget_usd=0.0), quote(request))
