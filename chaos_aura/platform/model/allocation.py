"""One request's whole story so far, as its workflow knows it and as tenants see it."""

from dataclasses import dataclass
from enum import StrEnum

from chaos_aura.platform.model.context import PastDecision
from chaos_aura.platform.model.decision import Decision
from chaos_aura.platform.model.grant import Grant
from chaos_aura.platform.model.request import AllocationRequest


class State(StrEnum):
    PENDING = "pending"
    GRANTED = "granted"
    REFUSED = "refused"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class Allocation:
    request: AllocationRequest
    state: State = State.PENDING
    requested_at_ms: int = 0
    decision: Decision | None = None
    grant: Grant | None = None
    granted_at_ms: int | None = None
    released_at_ms: int | None = None
    release_reason: str | None = None  # "asked", "hold ended", "cancelled"

    @property
    def allocation_id(self) -> str:
        return self.request.request_id

    @property
    def past_decision(self) -> PastDecision:
        """Of a decided one only."""
        if self.decision is None:
            raise ValueError(f"{self.allocation_id} is not decided yet")
        return PastDecision(
            allocation_id=self.allocation_id,
            decided_at_ms=self.decision.decided_at_ms,
            gpu_type=self.request.gpu_type.value,
            count=self.request.count,
            hours=self.request.hours,
            priority=self.request.priority.value,
            spot=self.request.spot,
            outcome=self.decision.outcome.value,
            total_usd=self.decision.quote.total_usd,
        )
