"""A breaker under the eyes of a test."""

import pytest
from guarded import Failure, HandClock

from chaos_aura.platform.guards import BreakerChange, BreakerState, Policy
from chaos_aura.platform.guards.breaker import Breaker
from chaos_aura.platform.guards.phases import NotAdmitted

CLOSED, HALF_OPEN, OPEN = BreakerState.CLOSED, BreakerState.HALF_OPEN, BreakerState.OPEN


class Seen:
    """A breaker, its clock and what it told."""

    def __init__(self, **policy: object) -> None:
        self.clock = HandClock()
        self.changes: list[BreakerChange] = []
        self.policy = Policy(failures=(Failure,), **policy)
        self.breaker = Breaker("neo4j", self.policy, (Failure,), self.changes.append, self.clock)

    def succeed(self, times: int = 1) -> None:
        for _ in range(times):
            assert self.breaker.call(lambda: "good") == "good"

    def fail(self, times: int = 1, why: str = "away") -> None:
        def failing() -> None:
            raise Failure(why)

        for _ in range(times):
            with pytest.raises(Failure):
                self.breaker.call(failing)

    def refused(self) -> NotAdmitted:
        with pytest.raises(NotAdmitted) as refused:
            self.breaker.call(lambda: pytest.fail("was called"))
        return refused.value

    def opened(self) -> "Seen":
        self.fail(self.policy.open_after_failures)
        return self

    def due(self) -> "Seen":
        """Open, and the next call is a probe."""
        self.opened().clock.move(self.policy.open_s)
        return self

    @property
    def states(self) -> list[BreakerState]:
        return [change.after for change in self.changes]
