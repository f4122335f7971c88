"""What happens after a first try has failed: tenacity tries again until something forbids it.

The first try is made without tenacity, whose cost (15 us) only those who fail then pay. Its failure is replayed.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

from tenacity import AsyncRetrying, RetryCallState, Retrying, retry_if_exception, wait_exponential

from chaos_aura.platform.flags import Flags
from chaos_aura.platform.guards.breaker import Breaker
from chaos_aura.platform.guards.budget import RetryBudget
from chaos_aura.platform.guards.change import BreakerState
from chaos_aura.platform.guards.deadline import Deadline
from chaos_aura.platform.guards.phases import NotAdmitted
from chaos_aura.platform.guards.policy import Policy


class CallWatcher(Protocol):
    """Where measurements go. `outcome`: ok, answered (an error that is no failure), failed, late, open, cancelled."""

    def tried(self, dependency: str, outcome: str, seconds: float) -> None: ...

    def retried(self, dependency: str) -> None: ...


@dataclass(frozen=True, slots=True)
class RetryRules:
    """Of one guard."""

    dependency: str
    policy: Policy
    failures: tuple[type[Exception], ...]
    flags: Callable[[], Flags]
    breaker: Breaker
    budget: RetryBudget
    random: Random
    watcher: CallWatcher | None


class Retrial:
    """Of one call."""

    def __init__(self, rules: RetryRules, first: Exception, deadline: Deadline, *, idempotent: bool) -> None:
        self._rules = rules
        self._first: Exception | None = first
        self._deadline = deadline
        self._idempotent = idempotent
        self._waits_s = wait_exponential(rules.policy.first_wait_s, rules.policy.longest_wait_s)
        self.tries = 1
        self.stopped_by = ""

    async def run[T](self, attempt: Callable[[], Awaitable[T]]) -> T:
        async def next_try() -> T:
            self._replay()
            return await attempt()

        return await AsyncRetrying(**self._options())(next_try)

    def run_sync[T](self, attempt: Callable[[], T]) -> T:
        def next_try() -> T:
            self._replay()
            return attempt()

        return Retrying(**self._options())(next_try)

    def _replay(self) -> None:
        first, self._first = self._first, None
        if first is not None:
            raise first

    def _options(self) -> dict[str, Any]:
        return {
            "retry": retry_if_exception(self._is_failure),
            "wait": self._wait_s,
            "stop": self._must_stop,
            "before_sleep": self._count,
            "reraise": True,
        }

    def _is_failure(self, cause: BaseException) -> bool:
        return isinstance(cause, self._rules.failures) and not isinstance(cause, NotAdmitted)

    def _wait_s(self, state: RetryCallState) -> float:
        return self._waits_s(state) * self._rules.random.uniform(0.5, 1.0)

    def _must_stop(self, state: RetryCallState) -> bool:
        self.tries = state.attempt_number
        self.stopped_by = self._objection(state.upcoming_sleep)
        return bool(self.stopped_by)

    def _objection(self, wait_s: float) -> str:
        """The budget comes last: only a retry that is really made may take from it."""
        rules, flags = self._rules, self._rules.flags()
        objections: tuple[tuple[str, Callable[[], bool]], ...] = (
            ("it may not be repeated", lambda: not self._idempotent),
            ("retries are switched off", lambda: not flags.retries),
            ("no more are allowed", lambda: self.tries >= rules.policy.attempts),
            ("its breaker is open", lambda: flags.circuit_breakers and rules.breaker.reading is BreakerState.OPEN),
            ("its deadline leaves no time", lambda: not self._deadline.leaves_time_after(wait_s)),
            ("the retry budget is spent", lambda: flags.retry_budget and not rules.budget.take()),
        )
        return next((why for why, holds in objections if holds()), "")

    def _count(self, _: RetryCallState) -> None:
        if self._rules.watcher is not None:
            self._rules.watcher.retried(self._rules.dependency)
