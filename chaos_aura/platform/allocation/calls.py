"""Calls of Temporal: how long they are waited for, and what their many ways to fail mean here."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from temporalio.client import (
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from chaos_aura.platform.errors import DeadlinePassed, DependencyAway, Refused

TEMPORAL = "temporal"
# No word from it for so long may mean that nobody works, or that Temporal is away: it is asked.
_DOUBT_AFTER_S = 0.4
_LOOK_WITHIN_S = 0.5


class NobodyAnswers(DeadlinePassed):
    """Temporal is there, but no worker has answered yet."""


class NotFound(Refused):
    """No allocation has this id."""

    def __init__(self) -> None:
        super().__init__("allocation", "not_found", "there is none with this id")


class Calls:
    """What one call hears of Temporal, all that wait beside it know too: they need not ask again."""

    def __init__(self) -> None:
        self._heard_at_s = float("-inf")

    async def patiently[T](
        self, call: Callable[[], Awaitable[T]], handle: WorkflowHandle[Any, Any], wait_s: float
    ) -> T:
        """NobodyAnswers when `wait_s` has passed, NotFound when it has not even begun by then, but DependencyAway much
        sooner when it is Temporal that is silent."""
        asking = asyncio.ensure_future(self._translated(call))
        try:
            await self._answered(asking, handle, wait_s)
            if not asking.done():
                await self._look(asking, handle)
            if asking.done():
                return asking.result()
            raise NobodyAnswers("worker", f"did not answer within {wait_s:g} s")
        finally:
            _drop(asking)

    async def in_time[T](self, call: Callable[[], Awaitable[T]], timeout_s: float) -> T:
        """DependencyAway when Temporal has not answered by then."""
        try:
            async with asyncio.timeout(timeout_s):
                return await self._translated(call)
        except TimeoutError as late:
            raise DependencyAway(TEMPORAL, f"no answer within {timeout_s:g} s") from late

    async def _answered(self, asking: "asyncio.Future[Any]", handle: WorkflowHandle[Any, Any], wait_s: float) -> None:
        """Or `wait_s` has passed. Raises DependencyAway as soon as Temporal is known to be silent."""
        clock = asyncio.get_running_loop().time
        began_s = clock()
        until_s = began_s + wait_s
        while not asking.done() and clock() < until_s:
            rest_s = max(began_s, self._heard_at_s) + _DOUBT_AFTER_S - clock()
            if rest_s > 0:
                await asyncio.wait({asking}, timeout=min(rest_s, until_s - clock()))
            else:
                with suppress(NotFound):  # that is an answer too
                    await self._look(asking, handle)

    async def _look(self, asking: "asyncio.Future[Any]", handle: WorkflowHandle[Any, Any]) -> None:
        """What it finds matters only while there is no answer."""
        try:
            await self.in_time(handle.describe, _LOOK_WITHIN_S)
        except (NotFound, DependencyAway):
            if not asking.done():
                raise

    async def _translated[T](self, call: Callable[[], Awaitable[T]]) -> T:
        """The one place where Temporal's many ways to fail become ours."""
        try:
            return self._heard(await call())
        except RPCError as failed:
            raise self._heard(_failure(failed)) from failed
        except WorkflowUpdateRPCTimeoutOrCancelledError as late:
            raise DependencyAway(TEMPORAL, "gave up the wait") from late
        except WorkflowUpdateFailedError as failed:
            raise self._heard(_refusal(failed)) from failed
        except WorkflowFailureError as failed:
            raise self._heard(Refused("allocation", "failed", str(failed.cause))) from failed
        except RuntimeError as unconnected:  # so says a lazy client that cannot connect
            raise DependencyAway(TEMPORAL, str(unconnected)) from unconnected

    def _heard[T](self, word: T) -> T:
        if not isinstance(word, DependencyAway):
            self._heard_at_s = asyncio.get_running_loop().time()
        return word


def _drop(task: "asyncio.Future[Any]") -> None:
    """Nobody wants to know any more how it ends."""
    task.cancel()
    task.add_done_callback(see)


def see(done: "asyncio.Future[Any]") -> None:
    """So that asyncio does not complain of a failure that nobody has looked at."""
    if not done.cancelled():
        done.exception()


def _failure(failed: RPCError) -> Exception:
    match failed.status:
        case RPCStatusCode.NOT_FOUND:
            return NotFound()
        case RPCStatusCode.FAILED_PRECONDITION:  # nobody polls
            return NobodyAnswers("worker", failed.message)
        case _:
            return DependencyAway(TEMPORAL, f"{failed.status.name.lower()}: {failed.message}")


def _refusal(failed: WorkflowUpdateFailedError) -> Exception:
    cause: Any = failed.cause
    if isinstance(cause, ApplicationError) and cause.type:
        return Refused("allocation", cause.type, cause.message)
    return NobodyAnswers("worker", str(cause))
