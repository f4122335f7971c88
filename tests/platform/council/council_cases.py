"""Tenants, requests and pools for the council to look at."""

from collections.abc import Mapping

from chaos_aura.platform.council.situation import Situation
from chaos_aura.platform.model import (
    DEFAULT_INVENTORY,
    AllocationRequest,
    ContextSource,
    ContextWindow,
    GpuType,
    Outcome,
    PastDecision,
    Priority,
)
from chaos_aura.platform.pool.availability import Availability
from chaos_aura.platform.pricing import quote

NOW_MS = 1_795_000_000_000
HOUR_MS = 3_600_000


def a_request(
    gpu_type: GpuType = GpuType.A100, count: int = 1, hours: float = 1.0, priority: Priority = Priority.NORMAL
) -> AllocationRequest:
    return AllocationRequest("r-1", "acme", gpu_type, count, hours, priority)


def repeated(request: AllocationRequest, times: int, gap_ms: int, outcome: Outcome = Outcome.APPROVED) -> ContextWindow:
    """The same request again and again, the last of them `gap_ms` ago."""
    past = tuple(
        PastDecision(
            allocation_id=f"p-{number:02}",
            decided_at_ms=NOW_MS - gap_ms * (times - number),
            gpu_type=request.gpu_type.value,
            count=request.count,
            hours=request.hours,
            priority=request.priority.value,
            spot=request.spot,
            outcome=outcome.value,
            total_usd=quote(request).total_usd,
        )
        for number in range(times)
    )
    return ContextWindow(request.tenant, past, ContextSource.REDIS)


def seen(
    request: AllocationRequest,
    free: int,
    window: ContextWindow | None = None,
    total: Mapping[GpuType, int] = DEFAULT_INVENTORY,
) -> Situation:
    availability = Availability(dict(total) | {request.gpu_type: free}, dict(total))
    return Situation(request, quote(request), availability, window or ContextWindow(request.tenant), NOW_MS)


def ordinary() -> Situation:
    """As documented in the teacher."""
    request = a_request(GpuType.H100, 2)
    return seen(request, free=2, window=repeated(request, 16, gap_ms=60_000 // 16))


def extreme() -> Situation:
    """As documented in the teacher."""
    request = a_request(GpuType.H100, 4, 72, Priority.LOW)
    return seen(request, free=4, window=repeated(request, 8, gap_ms=HOUR_MS))
