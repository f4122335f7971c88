"""A breaker's states, and one change between them."""

from dataclasses import dataclass
from enum import StrEnum


class BreakerState(StrEnum):
    CLOSED = "closed"
    HALF_OPEN = "half_open"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class BreakerChange:
    """Sample: BreakerChange("neo4j", CLOSED, OPEN, 5120.31, 1795261200.7, "5 failures in a row, the last: ...")"""

    dependency: str
    before: BreakerState
    after: BreakerState
    monotonic_s: float
    wall_s: float
    cause: str
