"""What GPUs cost, and whether a tenant's own limits allow it."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType

from chaos_aura.platform.model import AllocationRequest, GpuType, Quote

GPU_HOUR_USD: Mapping[GpuType, Decimal] = MappingProxyType(
    {
        GpuType.T4: Decimal("0.526"),
        GpuType.V100: Decimal("2.48"),
        GpuType.A100: Decimal("5.12"),
        GpuType.H100: Decimal("8.00"),
    }
)
SPOT_BELOW_HOURS = 6
SPOT_PERCENT = 30
VOLUME_PERCENTS = ((8, 10), (4, 5))  # from so many GPUs, so many percent; the larger one first
_PLACES = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Affordability:
    """True or false; `why_not` is the sentence of refusal, and empty when it is true."""

    why_not: str = ""

    def __bool__(self) -> bool:
        return not self.why_not


def quote(request: AllocationRequest) -> Quote:
    """Sample: Quote(hourly_usd=28.8, total_usd=57.6, discounts=("4 or more 5 %",))"""
    hourly = GPU_HOUR_USD[request.gpu_type] * request.count
    percents = _discounts(request)
    for percent in percents.values():
        hourly *= Decimal(100 - percent) / 100
    return Quote(
        hourly_usd=_rounded(hourly),
        total_usd=_rounded(hourly * Decimal(str(request.hours))),
        discounts=tuple(f"{name} {percent} %" for name, percent in percents.items()),
    )


def affordable(request: AllocationRequest, quote: Quote) -> Affordability:
    if request.budget_usd is not None and quote.total_usd > request.budget_usd:
        return Affordability(f"it costs ${quote.total_usd:.2f} in all, and the budget is ${request.budget_usd:.2f}")
    if request.max_hourly_usd is not None and quote.hourly_usd > request.max_hourly_usd:
        most = f"the most to be paid an hour is ${request.max_hourly_usd:.2f}"
        return Affordability(f"it costs ${quote.hourly_usd:.2f} an hour, and {most}")
    return Affordability()


def _discounts(request: AllocationRequest) -> dict[str, int]:
    percents = {}
    if request.spot and request.hours < SPOT_BELOW_HOURS:
        percents["spot"] = SPOT_PERCENT
    for at_least, percent in VOLUME_PERCENTS:
        if request.count >= at_least:
            percents[f"{at_least} or more"] = percent
            break
    return percents


def _rounded(usd: Decimal) -> float:
    return float(usd.quantize(_PLACES, ROUND_HALF_UP))
