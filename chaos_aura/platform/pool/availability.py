"""How many GPUs of each type are free, of how many there are: one reading of the pool."""

from dataclasses import dataclass

from chaos_aura.platform.model import GpuType


@dataclass(frozen=True, slots=True)
class Availability:
    """Plain dictionaries, for it travels through Temporal's JSON. Of a type without an entry the pool has none."""

    free: dict[GpuType, int]
    total: dict[GpuType, int]

    def free_of(self, gpu_type: GpuType) -> int:
        return self.free.get(gpu_type, 0)

    def total_of(self, gpu_type: GpuType) -> int:
        return self.total.get(gpu_type, 0)
