"""A pybreaker that holds no lock across a call, bounds its half-open state, and counts coroutines rightly.

Its state is read before the call and written after it. While it is closed and nothing fails it takes no lock at all.
"""

import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any

import structlog
from pybreaker import STATE_CLOSED, STATE_HALF_OPEN, STATE_OPEN, CircuitBreaker, CircuitBreakerState

from chaos_aura.platform.guards.change import BreakerChange, BreakerState
from chaos_aura.platform.guards.deadline import Clock
from chaos_aura.platform.guards.phases import Closed, HalfOpen, Open
from chaos_aura.platform.guards.policy import Policy
from chaos_aura.platform.guards.saying import said

type Notice = Callable[[BreakerChange], None]

_PHASES: dict[str, type[Closed | Open | HalfOpen]] = {
    STATE_CLOSED: Closed,
    STATE_OPEN: Open,
    STATE_HALF_OPEN: HalfOpen,
}
_STATES = {
    STATE_CLOSED: BreakerState.CLOSED,
    STATE_OPEN: BreakerState.OPEN,
    STATE_HALF_OPEN: BreakerState.HALF_OPEN,
}
_NOT_RUN_YET = (CoroutineType, GeneratorType, AsyncGeneratorType)


class NotRunYet(TypeError):
    """Whoever called made a mistake; the dependency is none the wiser."""


class Breaker(CircuitBreaker):
    """`failures` count against the dependency; other exceptions are its answers; a cancelled call says nothing."""

    _state: Closed | Open | HalfOpen

    def __init__(
        self, dependency: str, policy: Policy, failures: tuple[type[Exception], ...], notice: Notice, clock: Clock
    ) -> None:
        self._policy = policy
        self._failures = failures
        self._notice = notice
        self._clock = clock
        self._cause = ""
        self._untold: deque[BreakerChange] = deque()
        self._telling = threading.Lock()
        super().__init__(
            fail_max=policy.open_after_failures,
            reset_timeout=policy.open_s,
            success_threshold=policy.close_after_successes,
            name=dependency,
            throw_new_error_on_trip=False,
        )

    def call[T](self, func: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """NotAdmitted, or what the call gives. NotRunYet for what a plain call does not run, such as an `async def`."""
        phase = self._admitted()
        try:
            result = called(func, *args, **kwargs)
        except BaseException as cause:
            self._ended(phase, cause)
            raise
        self._succeeded(phase)
        return result

    async def call_async[T](self, func: Callable[..., Awaitable[T]], *args: Any, **kwargs: Any) -> T:
        """The same for a coroutine. pybreaker's own wants Tornado."""
        phase = self._admitted()
        try:
            result = await func(*args, **kwargs)
        except BaseException as cause:
            self._ended(phase, cause)
            raise
        self._succeeded(phase)
        return result

    @property
    def reading(self) -> BreakerState:
        return _STATES[self._state.name]

    @property
    def retry_after_s(self) -> float:
        return self._state.retry_after_s()

    def close_because(self, cause: str) -> None:
        """Nothing happens to a closed one."""
        with self._lock:
            if not self._state.is_closed:
                self._cause = cause
                self.close()
        self._tell()

    def is_system_error(self, exception: BaseException) -> bool:
        return isinstance(exception, self._failures) and not isinstance(exception, NotRunYet)

    def _admitted(self) -> Closed | Open | HalfOpen:
        """The stretch of time that the call belongs to. One read: a breaker that changes just then harms nothing."""
        phase = self._state
        return phase if phase.is_closed else self._admitted_with_care()

    def _admitted_with_care(self) -> Closed | Open | HalfOpen:
        try:
            with self._lock:
                self._move_on()
                self._state.admit()
                return self._state
        finally:
            self._tell()

    def _move_on(self) -> None:
        """To half open when the time has come, or to fresh places when the probes are stuck."""
        phase = self._state
        if isinstance(phase, Open) and not phase.retry_after_s():
            self._cause = f"{self._policy.open_s:g} s have passed"
            self.half_open()
        elif isinstance(phase, HalfOpen) and phase.is_stuck():
            self._state = self._create_new_state(STATE_HALF_OPEN)

    def _succeeded(self, phase: Closed | Open | HalfOpen) -> None:
        if isinstance(phase, Closed) and not self._state_storage.counter and not self._listeners:
            phase.successes += 1
        else:
            self._written(phase, phase.succeed, "a probe succeeded")

    def _ended(self, phase: Closed | Open | HalfOpen, cause: BaseException) -> None:
        """Any other way than by a result."""
        if self.is_system_error(cause):
            self._written(phase, lambda: phase.fail(cause), said(cause))
        elif isinstance(cause, Exception) and not isinstance(cause, NotRunYet):
            self._succeeded(phase)
        else:
            self._written(phase, phase.leave, "")

    def _written(self, phase: Closed | Open | HalfOpen, write: Callable[[], None], cause: str) -> None:
        """To the breaker, unless it has moved on since the call began."""
        with self._lock:
            if self._state is phase:
                self._cause = cause
                write()
        self._tell()

    def _create_new_state(
        self, new_state: str, prev_state: CircuitBreakerState | None = None, notify: bool = False
    ) -> Closed | Open | HalfOpen:
        """Every change passes here, under the lock."""
        phase = _PHASES[new_state](self._policy, self._clock, self, prev_state, notify)
        if isinstance(phase, Open):
            phase.why = self._cause
        if notify and prev_state is not None:
            before, after = _STATES[prev_state.name], _STATES[new_state]
            self._untold.append(BreakerChange(str(self.name), before, after, self._clock(), time.time(), self._cause))
        return phase

    def _tell(self) -> None:
        """In the order of the changes, by one thread at a time, and never under the lock that calls need."""
        while self._untold and self._telling.acquire(blocking=False):
            try:
                while self._untold:
                    self._tell_one(self._untold.popleft())
            finally:
                self._telling.release()

    def _tell_one(self, change: BreakerChange) -> None:
        try:
            self._notice(change)
        except Exception:  # noqa: BLE001 - the border to whoever listens: a call must not fail because a log is full
            structlog.get_logger().exception("breaker_change_untold", dependency=change.dependency, after=change.after)


def called[T](func: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """NotRunYet for what a plain call does not run, such as an `async def`: its failures would never be seen."""
    result = func(*args, **kwargs)
    if isinstance(result, _NOT_RUN_YET) or hasattr(result, "__await__"):
        if isinstance(result, CoroutineType | GeneratorType):
            result.close()
        name = getattr(func, "__qualname__", repr(func))
        raise NotRunYet(f"{name} gave {type(result).__name__}, which has not run yet: await Guard.run(...) instead")
    return result
