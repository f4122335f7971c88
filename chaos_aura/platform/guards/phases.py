"""The three states of a breaker as pybreaker has them. Each stretch of time in one state is an object of its own.

A call keeps the object that admitted it, and what becomes of the call is written to that object's stretch only: the
late failure of a call that was admitted long ago says nothing about now.
"""

from collections import deque
from contextlib import suppress

from pybreaker import (
    CircuitBreaker,
    CircuitBreakerError,
    CircuitBreakerState,
    CircuitClosedState,
    CircuitHalfOpenState,
    CircuitOpenState,
)

from chaos_aura.platform.guards.deadline import Clock
from chaos_aura.platform.guards.policy import Policy


class NotAdmitted(CircuitBreakerError):
    """The operation was not called. Within the guard only, as is its kin."""

    def __init__(self, why: str, retry_after_s: float) -> None:
        super().__init__(why)
        self.why = why
        self.retry_after_s = retry_after_s


class NoTimeLeft(NotAdmitted):
    """Not for the breaker's sake, but the deadline's."""


class Phase(CircuitBreakerState):
    """What all three have in common. Its methods are called under the breaker's lock."""

    is_closed = False

    _policy: Policy
    _clock: Clock
    since_s: float

    def _begin(self, policy: Policy, clock: Clock) -> None:
        """Before pybreaker's own constructor, which already speaks of the new state."""
        self._policy = policy
        self._clock = clock
        self.since_s = clock()

    def admit(self) -> None:
        """NotAdmitted, or a place is taken."""

    def leave(self) -> None:
        """Gives back what `admit` took."""

    def succeed(self) -> None:
        self.leave()
        self._handle_success()

    def fail(self, cause: BaseException) -> None:
        self.leave()
        with suppress(type(cause)):  # pybreaker raises again what it is told of
            self._handle_error(cause)

    def retry_after_s(self) -> float:
        return 0.0


class Closed(CircuitClosedState, Phase):
    """Counts failures in a row, as pybreaker does, and their share of the calls of late."""

    is_closed = True

    def __init__(
        self, policy: Policy, clock: Clock, breaker: CircuitBreaker, before: CircuitBreakerState | None, notify: bool
    ) -> None:
        self._begin(policy, clock)
        self.successes = 0  # added to without a lock: a lost one moves the share a little, no more
        self._failures: deque[tuple[float, int]] = deque(maxlen=policy.open_at_rate_failures)
        super().__init__(breaker, before, notify)

    def succeed(self) -> None:
        self.successes += 1
        super().succeed()

    def on_failure(self, exc: BaseException) -> None:
        self._failures.append((self._clock(), self.successes))
        super().on_failure(exc)
        if self._too_many_fail():
            self._breaker.open()

    def _too_many_fail(self) -> bool:
        """Looks at the newest failures only, and at the successes between them: successes themselves cost nothing."""
        if len(self._failures) < self._policy.open_at_rate_failures:
            return False
        began_s, successes_before = self._failures[0]
        calls = len(self._failures) + self.successes - successes_before
        recent = self._clock() - began_s <= self._policy.rate_window_s
        return recent and len(self._failures) >= self._policy.open_at_rate * calls


class Open(CircuitOpenState, Phase):
    """Admits nobody until its time is up."""

    def __init__(
        self, policy: Policy, clock: Clock, breaker: CircuitBreaker, before: CircuitBreakerState | None, notify: bool
    ) -> None:
        self._begin(policy, clock)
        self.why = ""
        super().__init__(breaker, before, notify)

    def admit(self) -> None:
        raise NotAdmitted(f"not asked, its breaker is open: {self.why}", self.retry_after_s())

    def retry_after_s(self) -> float:
        return max(0.0, self.since_s + self._policy.open_s - self._clock())


class HalfOpen(CircuitHalfOpenState, Phase):
    """Admits a few probes at once."""

    def __init__(
        self, policy: Policy, clock: Clock, breaker: CircuitBreaker, before: CircuitBreakerState | None, notify: bool
    ) -> None:
        self._begin(policy, clock)
        self._places = policy.probes
        self._last_taken_s = float("-inf")
        super().__init__(breaker, before, notify)

    def admit(self) -> None:
        if not self._places:
            raise NotAdmitted("not asked, its breaker is half open and its probe is under way", self.retry_after_s())
        self._places -= 1
        self._last_taken_s = self._clock()

    def leave(self) -> None:
        self._places += 1

    def is_stuck(self) -> bool:
        """A probe in a thread cannot be cancelled. One that never returns must not hold its place for ever."""
        patience_s = self._policy.attempt_s + self._policy.open_s
        return not self._places and self._clock() - self._last_taken_s > patience_s

    def retry_after_s(self) -> float:
        """A probe may take as long as any try, but most end soon: whoever waited that long would come far too late."""
        return 0.0 if self._places else self._policy.open_s
