"""What a tenant's last decisions were: the context in which the council sees the next."""

from dataclasses import dataclass
from enum import StrEnum


class ContextSource(StrEnum):
    REDIS = "redis"
    NEO4J = "neo4j"
    NONE = "none"  # neither could be read: the council decides without


@dataclass(frozen=True, slots=True)
class PastDecision:
    """Never changes once made, so that stores can hold copies in any order and still agree."""

    allocation_id: str
    decided_at_ms: int
    gpu_type: str
    count: int
    hours: float
    priority: str
    spot: bool
    outcome: str
    total_usd: float


@dataclass(frozen=True, slots=True)
class ContextWindow:
    """Newest last, at most WINDOW_SIZE, ordered by (decided_at_ms, allocation_id)."""

    tenant: str
    decisions: tuple[PastDecision, ...] = ()
    source: ContextSource = ContextSource.NONE


WINDOW_SIZE = 16
