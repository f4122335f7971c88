"""All that an agent sees of one request."""

from dataclasses import dataclass

from chaos_aura.platform.model import AllocationRequest, ContextWindow, Quote
from chaos_aura.platform.pool.availability import Availability


@dataclass(frozen=True, slots=True)
class Situation:
    request: AllocationRequest
    quote: Quote
    availability: Availability
    window: ContextWindow
    now_ms: int

    @property
    def free(self) -> int:
        return self.availability.free_of(self.request.gpu_type)

    @property
    def total(self) -> int:
        return self.availability.total_of(self.request.gpu_type)

    @property
    def left(self) -> int:
        """How many of that type stay free when the request is granted."""
        return max(0, self.free - self.request.count)
