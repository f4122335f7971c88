"""What one event adds to its tenant's usage. Whole numbers only: their sums do not depend on the order."""

from collections.abc import Mapping
from dataclasses import dataclass

from chaos_aura.platform.model import Event, EventKind

MICRO = 1_000_000
MS_PER_HOUR = 3_600_000


@dataclass(frozen=True, slots=True)
class Effect:
    """Sample: Effect("r-1", ":allocation.granted", "acme", {"granted": 1, "held:a100": 2})"""

    allocation_id: str
    mark: str  # of the event among those of its allocation
    tenant: str
    additions: Mapping[str, int]


def effect_of(event: Event) -> Effect:
    mark = event.event_id.removeprefix(event.allocation_id)
    return Effect(event.allocation_id, mark or event.event_id, event.tenant, _additions(event))


def _additions(event: Event) -> dict[str, int]:
    additions = {event.kind.removeprefix("allocation."): 1}
    gpus = len(event.gpu_ids)
    match event.kind:
        case EventKind.GRANTED:
            additions[f"held:{event.gpu_type}"] = gpus
            additions["quoted_micro_usd"] = round((event.total_usd or 0) * MICRO)
        case EventKind.RELEASED:
            held_ms = event.held_ms or 0
            additions[f"held:{event.gpu_type}"] = -gpus
            additions[f"gpu_ms:{event.gpu_type}"] = gpus * held_ms
            additions["used_micro_usd"] = _cost_micro_usd(event.hourly_usd or 0, held_ms)
    return additions


def _cost_micro_usd(hourly_usd: float, held_ms: int) -> int:
    """Half up, in whole numbers: a float would round a half now this way, now that."""
    return (2 * round(hourly_usd * MICRO) * held_ms + MS_PER_HOUR) // (2 * MS_PER_HOUR)
