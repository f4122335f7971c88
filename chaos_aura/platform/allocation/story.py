"""The changes that an allocation goes through, each from one frozen value to the next."""

from dataclasses import replace
from datetime import datetime, timedelta

from chaos_aura.platform.model import (
    Allocation,
    AllocationRequest,
    ContextSource,
    DecidedBy,
    Decision,
    Grant,
    Outcome,
    Quote,
    RefusalReason,
    State,
)


class Story:
    def __init__(self, allocation: Allocation) -> None:
        self._allocation = allocation

    @classmethod
    def begun(cls, request: AllocationRequest, now: datetime) -> "Story":
        return cls(Allocation(request, requested_at_ms=_ms(now)))

    @property
    def allocation(self) -> Allocation:
        return self._allocation

    @property
    def state(self) -> State:
        return self._allocation.state

    def decide(self, decision: Decision) -> None:
        state = State.REFUSED if decision.outcome is Outcome.REFUSED else State.PENDING
        self._allocation = replace(self._allocation, decision=decision, state=state)

    def grant(self, grant: Grant, now: datetime) -> None:
        self._allocation = replace(self._allocation, grant=grant, granted_at_ms=_ms(now), state=State.GRANTED)

    def rest_of_hold(self, now: datetime) -> timedelta:
        ends_ms = (self._allocation.granted_at_ms or 0) + self._allocation.request.hours * 3_600_000
        return timedelta(milliseconds=max(1.0, ends_ms - _ms(now)))

    def release(self, why: str, now: datetime) -> None:
        self._allocation = replace(self._allocation, released_at_ms=_ms(now), release_reason=why, state=State.RELEASED)

    def end(self, reason: RefusalReason, why: str, now: datetime) -> None:
        """Before its time: with a release when it held something, else with a refusal."""
        if self.state is State.GRANTED:
            self.release(why, now)
        else:
            decision = self._allocation.decision or _no_decision(self._allocation.requested_at_ms)
            self.decide(refused(decision, reason, f"{why} before it was granted"))


def refused(decision: Decision, reason: RefusalReason, detail: str) -> Decision:
    """What had been approved: the votes stay on record."""
    return replace(decision, outcome=Outcome.REFUSED, decided_by=DecidedBy.RULES, reason=reason, detail=detail)


def _no_decision(at_ms: int) -> Decision:
    return Decision(Outcome.REFUSED, DecidedBy.RULES, "", Quote(0.0, 0.0), at_ms, context_source=ContextSource.NONE)


def _ms(now: datetime) -> int:
    return int(now.timestamp() * 1000)
