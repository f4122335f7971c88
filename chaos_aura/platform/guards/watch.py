"""Ends tries that last too long, by cancelling them: one timer for all tries of an event loop.

`asyncio.timeout` makes a timer for each try, at 4 us; nearly every try ends long before its own.
"""

import asyncio
from collections.abc import Awaitable, Callable


class TriedTooLong(Exception):
    """A try was cancelled because its time was up. Within the guard only."""


class _Try:
    __slots__ = ("cancels_before", "ends_s", "expired", "task")

    def __init__(self, task: asyncio.Task[object], ends_s: float) -> None:
        self.task = task
        self.cancels_before = task.cancelling()
        self.ends_s = ends_s
        self.expired = False


class Watch:
    """Of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._tries: set[_Try] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_s = float("inf")

    async def limited[T](self, operation: Callable[[], Awaitable[T]], seconds: float) -> T:
        """TriedTooLong when it was cancelled for its time. A cancellation from elsewhere passes through as it is."""
        one = self._begin(seconds)
        try:
            result = await operation()
        except BaseException as cause:
            if self._end(one) and _is_own(cause):
                raise TriedTooLong(f"no answer within {seconds:.3g} s") from cause
            raise
        self._end(one)
        return result

    def _begin(self, seconds: float) -> _Try:
        task = asyncio.current_task(self.loop)
        if task is None:
            raise RuntimeError("a guard runs within a task")
        one = _Try(task, self.loop.time() + seconds)
        self._tries.add(one)
        if one.ends_s < self._timer_s:
            self._arm(one.ends_s)
        return one

    def _end(self, one: _Try) -> bool:
        """Whether it was cancelled for its time, and for nothing else."""
        self._tries.discard(one)
        return one.expired and one.task.uncancel() <= one.cancels_before

    def _arm(self, ends_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_s = ends_s
        self._timer = self.loop.call_at(ends_s, self._expire)

    def _expire(self) -> None:
        """The try that the timer was set for has mostly ended long ago: then the timer is only set anew."""
        now_s = self.loop.time()
        for one in self._tries:
            if one.ends_s <= now_s and not one.expired:
                one.expired = True
                one.task.cancel()
        self._timer, self._timer_s = None, float("inf")
        upcoming_s = min((one.ends_s for one in self._tries if not one.expired), default=None)
        if upcoming_s is not None:
            self._arm(upcoming_s)


def _is_own(cause: BaseException) -> bool:
    """A client may turn its cancellation into an error of its own; an interrupt of the process is never ours."""
    return isinstance(cause, asyncio.CancelledError | Exception)
