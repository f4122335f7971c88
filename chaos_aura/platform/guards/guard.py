"""Stands between the platform and one dependency: retries outside, the breaker inside, a deadline around it all.

DependencyFailed
├── DependencyAway   the last try failed with a declared failure, which is the cause
├── DeadlinePassed   the last try was cancelled for its time, or there was no time for any
└── BreakerOpen      it was not tried, or not again
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from chaos_aura.platform.errors import BreakerOpen, DeadlinePassed, DependencyAway, DependencyFailed
from chaos_aura.platform.flags import Flags
from chaos_aura.platform.guards.breaker import Breaker, Notice, NotRunYet, called
from chaos_aura.platform.guards.budget import RetryBudget
from chaos_aura.platform.guards.change import BreakerChange, BreakerState
from chaos_aura.platform.guards.deadline import Clock, Deadline
from chaos_aura.platform.guards.phases import NotAdmitted, NoTimeLeft
from chaos_aura.platform.guards.policy import Policy
from chaos_aura.platform.guards.retrial import CallWatcher, Retrial, RetryRules
from chaos_aura.platform.guards.saying import said
from chaos_aura.platform.guards.watch import TriedTooLong, Watch

_RETRY_AFTER_S = 1.0


def _unheard(_: BreakerChange) -> None: ...


@dataclass(frozen=True, slots=True)
class GuardSnapshot:
    """For /readyz."""

    dependency: str
    state: BreakerState
    last_latency_s: float | None  # of the last try that succeeded
    consecutive_failures: int
    retry_after_s: float

    @property
    def document(self) -> dict[str, object]:
        latency_ms = None if self.last_latency_s is None else round(self.last_latency_s * 1000, 2)
        return {
            "state": self.state.value,
            "latency_ms": latency_ms,
            "consecutive_failures": self.consecutive_failures,
            "retry_after_s": round(self.retry_after_s, 3),
        }


class Guard:
    """One for each dependency and process; for coroutines and threads alike. Flags are read at each call."""

    def __init__(
        self,
        dependency: str,
        *,
        flags: Callable[[], Flags],
        policy: Policy = Policy(),  # noqa: B008 - frozen
        notice: Notice = _unheard,
        clock: Clock = time.monotonic,
        random: random.Random = random.Random(),  # noqa: B008 - shared on purpose: one stream for a process
        watcher: CallWatcher | None = None,
    ) -> None:
        self.dependency = dependency
        self.last_latency_s: float | None = None
        self._flags = flags
        self._policy = policy
        self._clock = clock
        self._watcher = watcher
        self._failures: tuple[type[Exception], ...] = (*policy.failures, TriedTooLong)
        self._breaker = Breaker(dependency, policy, self._failures, notice, clock)
        self._budget = RetryBudget(policy.retry_share, policy.retries_per_s, clock)
        self._rules = RetryRules(
            dependency, policy, self._failures, flags, self._breaker, self._budget, random, watcher
        )
        self._newest_watch: Watch | None = None

    async def run[T](
        self, operation: Callable[[], Awaitable[T]], deadline_s: float | None = None, *, idempotent: bool = True
    ) -> T:
        """What the operation gives. A failure is retried only where it may be repeated."""
        deadline = self._begin(deadline_s)
        try:
            return await self._attempt(operation, deadline)
        except NotAdmitted as refused:
            raise self._not_tried(refused) from refused
        except self._failures as failure:
            return await self._again(failure, operation, deadline, idempotent=idempotent)

    def run_sync[T](self, operation: Callable[[], T], deadline_s: float | None = None, *, idempotent: bool = True) -> T:
        """The same in a thread. A thread cannot be cancelled: the operation must end by itself within `attempt_s`."""
        deadline = self._begin(deadline_s)
        try:
            return self._attempt_sync(operation, deadline)
        except NotRunYet:
            raise
        except NotAdmitted as refused:
            raise self._not_tried(refused) from refused
        except self._failures as failure:
            return self._again_sync(failure, operation, deadline, idempotent=idempotent)

    @property
    def state(self) -> BreakerState:
        return self._breaker.reading

    def snapshot(self) -> GuardSnapshot:
        breaker = self._breaker
        return GuardSnapshot(
            self.dependency, breaker.reading, self.last_latency_s, breaker.fail_counter, breaker.retry_after_s
        )

    async def _again[T](
        self, failure: Exception, operation: Callable[[], Awaitable[T]], deadline: Deadline, *, idempotent: bool
    ) -> T:
        retrial = Retrial(self._rules, failure, deadline, idempotent=idempotent)
        try:
            return await retrial.run(lambda: self._attempt(operation, deadline))
        except NotAdmitted as refused:
            raise self._not_tried(refused) from refused
        except self._failures as last:
            raise self._given_up(last, retrial) from last

    def _again_sync[T](
        self, failure: Exception, operation: Callable[[], T], deadline: Deadline, *, idempotent: bool
    ) -> T:
        retrial = Retrial(self._rules, failure, deadline, idempotent=idempotent)
        try:
            return retrial.run_sync(lambda: self._attempt_sync(operation, deadline))
        except NotAdmitted as refused:
            raise self._not_tried(refused) from refused
        except self._failures as last:
            raise self._given_up(last, retrial) from last

    async def _attempt[T](self, operation: Callable[[], Awaitable[T]], deadline: Deadline) -> T:
        limit_s = self._limit_s(deadline)
        watch = self._watch()
        began_s = self._clock()
        try:
            if self._flags().circuit_breakers:
                result: T = await self._breaker.call_async(watch.limited, operation, limit_s)
            else:
                self._breaker.close_because("circuit breakers are switched off")
                result = await watch.limited(operation, limit_s)
        except BaseException as cause:
            self._measure(began_s, cause)
            raise
        self._measure(began_s)
        return result

    def _attempt_sync[T](self, operation: Callable[[], T], deadline: Deadline) -> T:
        self._limit_s(deadline)
        began_s = self._clock()
        try:
            if self._flags().circuit_breakers:
                result = self._breaker.call(operation)
            else:
                self._breaker.close_because("circuit breakers are switched off")
                result = called(operation)
        except BaseException as cause:
            self._measure(began_s, cause)
            raise
        self._measure(began_s)
        return result

    def _begin(self, deadline_s: float | None) -> Deadline:
        self._budget.count_call()
        return Deadline(self._policy.deadline_s if deadline_s is None else deadline_s, self._clock)

    def _limit_s(self, deadline: Deadline) -> float:
        """How long the next try may last."""
        remaining_s = deadline.remaining_s
        if remaining_s <= 0:
            raise NoTimeLeft("the deadline left no time for a try", _RETRY_AFTER_S)
        return min(self._policy.attempt_s, remaining_s)

    def _watch(self) -> Watch:
        """The one of the running loop. Loops in several threads that share a guard only make new ones more often."""
        loop, watch = asyncio.get_running_loop(), self._newest_watch
        if watch is None or watch.loop is not loop:
            watch = self._newest_watch = Watch(loop)
        return watch

    def _measure(self, began_s: float, cause: BaseException | None = None) -> None:
        seconds = self._clock() - began_s
        if cause is None:
            self.last_latency_s = seconds
        if self._watcher is not None:
            self._watcher.tried(self.dependency, self._outcome(cause), seconds)

    def _outcome(self, cause: BaseException | None) -> str:
        match cause:
            case None:
                return "ok"
            case NotAdmitted():
                return "open"
            case TriedTooLong():
                return "late"
            case Exception():
                return "failed" if isinstance(cause, self._failures) else "answered"
            case _:
                return "cancelled"

    def _not_tried(self, refused: NotAdmitted) -> DependencyFailed:
        kind = DeadlinePassed if isinstance(refused, NoTimeLeft) else BreakerOpen
        return kind(self.dependency, refused.why, refused.retry_after_s)

    def _given_up(self, last: Exception, retrial: Retrial) -> DependencyFailed:
        kind = DeadlinePassed if isinstance(last, TriedTooLong | TimeoutError) else DependencyAway
        why = str(last) if isinstance(last, TriedTooLong) else said(last)
        tries = "1 try" if retrial.tries == 1 else f"{retrial.tries} tries"
        retry_after_s = self._breaker.retry_after_s or _RETRY_AFTER_S
        return kind(self.dependency, f"{why} ({tries}: {retrial.stopped_by})", retry_after_s)
