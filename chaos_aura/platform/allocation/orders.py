"""What travels between the allocation's workflow, its activities and its clients."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from chaos_aura.platform.model import Allocation, AllocationRequest, Grant, RefusalReason

ALLOCATION_QUEUE = "allocations"
WORKFLOW_ID_PREFIX = "allocation-"


def workflow_id_of(allocation_id: str) -> str:
    return f"{WORKFLOW_ID_PREFIX}{allocation_id}"


@dataclass(frozen=True, slots=True)
class AllocationOrder:
    """`caller` tells the call that created the allocation from those that repeat it."""

    request: AllocationRequest
    caller: str


@dataclass(frozen=True, slots=True)
class Answer:
    allocation: Allocation
    created: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """A grant, or the pool's refusal."""

    grant: Grant | None = None
    refused: str = ""
    reason: RefusalReason = RefusalReason.NO_CAPACITY


class Store(StrEnum):
    NEO4J = "neo4j"
    REDIS = "redis"
    KAFKA = "kafka"


ALL_STORES = tuple(Store)


class Stage(IntEnum):
    """How far an allocation's story has been written to a store."""

    NOTHING = 0
    DECIDED = 1
    ENDED = 2


@dataclass(frozen=True, slots=True)
class RecordOrder:
    """Write what came after `written`, up to what `allocation` tells."""

    allocation: Allocation
    stores: tuple[Store, ...]
    written: Stage = Stage.NOTHING


@dataclass(frozen=True, slots=True)
class Recorded:
    """Which stores could not be written, and why."""

    failed: dict[str, str]
