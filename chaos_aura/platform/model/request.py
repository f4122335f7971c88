"""What a tenant asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class GpuType(StrEnum):
    T4 = "t4"
    V100 = "v100"
    A100 = "a100"
    H100 = "h100"


class Priority(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


DEFAULT_INVENTORY: Mapping[GpuType, int] = MappingProxyType(
    {GpuType.T4: 20, GpuType.V100: 10, GpuType.A100: 8, GpuType.H100: 4}
)


@dataclass(frozen=True, slots=True)
class AllocationRequest:
    """`request_id` is chosen by the client and is also the id of the allocation: one name for one thing everywhere."""

    request_id: str
    tenant: str
    gpu_type: GpuType
    count: int
    hours: float
    priority: Priority = Priority.NORMAL
    spot: bool = False
    budget_usd: float | None = None  # for the whole of it
    max_hourly_usd: float | None = None  # for all its GPUs together
