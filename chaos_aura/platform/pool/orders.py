"""What the pool is asked, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from chaos_aura.platform.model import GpuType

POOL_ID = "gpu-pool"  # of its workflow and of its task queue


class PoolRefusal(StrEnum):
    NO_CAPACITY = "no_capacity"
    GIVEN_UP = "given_up"  # this allocation has been released or abandoned: it can never be granted again
    STALE_TOKEN = "stale_token"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class GrantOrder:
    allocation_id: str
    tenant: str
    gpu_type: GpuType
    count: int


@dataclass(frozen=True, slots=True)
class ReleaseOrder:
    """Without a token it gives back whatever that allocation may hold, and a grant that comes later is refused."""

    allocation_id: str
    fencing_token: int | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    gpu_id: str
    gpu_type: GpuType
    allocation_id: str
    tenant: str
    fencing_token: int


@dataclass(frozen=True, slots=True)
class PoolView:
    free: Mapping[GpuType, int]
    total: Mapping[GpuType, int]
    holders: tuple[Holder, ...]


@dataclass(frozen=True, slots=True)
class Holding:
    tenant: str
    gpu_type: GpuType
    indexes: tuple[int, ...]
    fencing_token: int


@dataclass(frozen=True, slots=True)
class PoolState:
    """All that a pool must take along when it continues as new."""

    total: Mapping[GpuType, int]
    history_limit: int
    last_token: int = 0
    holdings: Mapping[str, Holding] = field(default_factory=dict)
    given_up: tuple[str, ...] = ()  # the last allocations that ended, oldest first
