"""Features that belong together, what they say of a request, and what they are in one that nobody would notice."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from chaos_aura.platform.council.features import COLUMN, observe
from chaos_aura.platform.council.inference import Group
from chaos_aura.platform.council.situation import Situation
from chaos_aura.platform.model import AllocationRequest, ContextWindow, GpuType, Outcome
from chaos_aura.platform.pool.availability import Availability
from chaos_aura.platform.pricing import quote

_HOUR_MS = 3_600_000


def _unremarkable() -> Situation:
    request = AllocationRequest("unremarkable", "anyone", GpuType.A100, 1, 1.0)
    return Situation(
        request, quote(request), Availability({GpuType.A100: 5}, {GpuType.A100: 8}), ContextWindow("anyone"), 0
    )


def _group(*names: str) -> Group:
    columns = tuple(COLUMN[name] for name in names)
    return Group(columns, tuple(observe(_unremarkable()).rows[-1, list(columns)].tolist()))


GROUPS: Mapping[str, Group] = MappingProxyType(
    {
        "past": Group((), (), is_past=True),
        "price": _group("usd_ln", "usd", "budgeted", "budget_used"),
        "size": _group("count_ln", "share", "free", "left", "crowding", "crowding_ln"),
        "hours": _group("hours_ln", "type_hours", "type_hours_ln"),
        "priority": _group("priority", "spot"),
    }
)


def _past(situation: Situation) -> str:
    past = situation.window.decisions
    if not past:
        return "no past decisions"
    approved = [each for each in past if each.outcome == Outcome.APPROVED]
    gpu_type = situation.request.gpu_type.value
    gpu_hours = sum(each.count * each.hours for each in approved if each.gpu_type == gpu_type)
    usd = sum(each.total_usd for each in approved)
    since_hours = max(0, situation.now_ms - past[0].decided_at_ms) / _HOUR_MS
    granted = f"${usd:.2f} and {gpu_hours:.1f} {gpu_type} GPU-hours"
    return f"{len(approved)} of the last {len(past)} requests approved, {granted} within {since_hours:.1f} h"


def _price(situation: Situation) -> str:
    usd, budget_usd = situation.quote.total_usd, situation.request.budget_usd
    return f"${usd:.2f} in all" + (f" of a budget of ${budget_usd:.2f}" if budget_usd is not None else "")


def _size(situation: Situation) -> str:
    request = situation.request
    return f"{request.count} of {situation.free} free {request.gpu_type} leave {situation.left} of {situation.total}"


def _hours(situation: Situation) -> str:
    return f"{situation.request.hours:g} h asked"


def _priority(situation: Situation) -> str:
    return f"{situation.request.priority} priority" + (" on spot" if situation.request.spot else "")


PHRASES: Mapping[str, Callable[[Situation], str]] = MappingProxyType(
    {"past": _past, "price": _price, "size": _size, "hours": _hours, "priority": _priority}
)
