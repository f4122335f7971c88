"""Allocations as the API sees them: plain calls that answer, refuse, or say that Temporal is away, in time."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from chaos_aura.platform.allocation.orders import (
    ALLOCATION_QUEUE,
    WORKFLOW_ID_PREFIX,
    AllocationOrder,
    Answer,
    workflow_id_of,
)
from chaos_aura.platform.allocation.workflow import GPUAllocationWorkflow
from chaos_aura.platform.errors import DeadlinePassed, DependencyAway, Refused
from chaos_aura.platform.guards import Guard, Policy
from chaos_aura.platform.model import Allocation, AllocationRequest, State
from chaos_aura.platform.pool.client import TASK_TIMEOUT, PoolClient
from chaos_aura.platform.pool.orders import POOL_ID, PoolView

TEMPORAL = "temporal"
# An answer that is not there by then may mean that nobody works, or that Temporal is away: it is asked.
_DOUBT_AFTER_S = 0.4
_LOOK_WITHIN_S = 0.5
_RUNNING = (
    f'WorkflowType = "GPUAllocationWorkflow" AND ExecutionStatus = "{WorkflowExecutionStatus.RUNNING.name.title()}"'
)


# What the guard for Temporal is to count: it answers for the server, not for those who work.
POLICY = Policy(failures=(DependencyAway,), attempts=1, attempt_s=30.0, deadline_s=5.0)


class NobodyAnswers(DeadlinePassed):
    """Temporal is there, but no worker has answered yet."""


class NotFound(Refused):
    """No allocation has this id."""

    def __init__(self) -> None:
        super().__init__("allocation", "not_found", "there is none with this id")


class AllocationClient:
    """`guard` is for Temporal, of the POLICY here: the retries are those of Temporal's own client."""

    def __init__(self, client: Client, guard: Guard) -> None:
        self._client = client
        self._guard = guard
        self._pool = PoolClient(client, timeout_s=1.0)

    async def allocate(self, request: AllocationRequest, wait_s: float) -> Answer:
        """PENDING when `wait_s` has passed: then it is durably begun, and goes on by itself."""
        order = AllocationOrder(request, str(uuid.uuid4()))
        handle = self._handle(request.request_id)
        try:
            answer = await self._guarded(lambda: self._start_and_wait(order), handle, wait_s)
        except NobodyAnswers:
            return Answer(Allocation(request), created=True)
        except NotFound:
            raise DependencyAway(TEMPORAL, "has not begun the request in time") from None
        if answer.allocation.request != request:
            raise Refused("allocation", "request_id_conflict", f"{request.request_id} was used for another request")
        return answer

    async def read(self, allocation_id: str, timeout_s: float) -> Allocation:
        handle = self._handle(allocation_id)

        async def look() -> Allocation:
            if (await handle.describe()).status is WorkflowExecutionStatus.RUNNING:
                return await handle.query(GPUAllocationWorkflow.allocation)
            return await handle.result()

        return await self._guarded(look, handle, timeout_s)

    async def release(self, allocation_id: str, tenant: str, wait_s: float) -> Allocation:
        handle, update_id = self._handle(allocation_id), str(uuid.uuid4())

        async def give_back() -> Allocation:
            return await handle.execute_update(GPUAllocationWorkflow.release, tenant, id=update_id)

        try:
            return await self._guarded(give_back, handle, wait_s)
        except NotFound:
            ended = await self.read(allocation_id, wait_s)
            raise _refused_release(ended, tenant) from None

    async def pool_view(self, timeout_s: float) -> PoolView:
        return await self._guarded(self._pool.view, self._client.get_workflow_handle(POOL_ID), timeout_s)

    async def pending(self, limit: int) -> tuple[str, ...]:
        """Those that run, as far as Temporal's visibility knows: some may hold GPUs already."""

        async def look() -> tuple[str, ...]:
            found = self._client.list_workflows(_RUNNING, page_size=min(limit, 500), limit=limit)
            return tuple([each.id.removeprefix(WORKFLOW_ID_PREFIX) async for each in found])

        return await self._guard.run(lambda: _in_time(look, 2.0))

    async def ping(self) -> None:
        """One cheap real operation of the server."""
        await self._guard.run(lambda: _in_time(self._count, 1.0))

    async def _count(self) -> int:
        return (await self._client.count_workflows('WorkflowType = "GPUPoolWorkflow"')).count

    async def _guarded[T](self, call: Callable[[], Awaitable[T]], handle: WorkflowHandle[Any, Any], wait_s: float) -> T:
        return await self._guard.run(lambda: _patiently(call, handle, wait_s), deadline_s=wait_s + 1)

    async def _start_and_wait(self, order: AllocationOrder) -> Answer:
        """One round trip for both."""
        start = WithStartWorkflowOperation(
            GPUAllocationWorkflow.run,
            order,
            id=workflow_id_of(order.request.request_id),
            task_queue=ALLOCATION_QUEUE,
            task_timeout=TASK_TIMEOUT,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        )
        try:
            return await self._client.execute_update_with_start_workflow(
                GPUAllocationWorkflow.answer, order.caller, start_workflow_operation=start, id=order.caller
            )
        except WorkflowAlreadyStartedError:
            return Answer(await self._handle(order.request.request_id).result(), created=False)
        finally:
            # It holds the same failure once more, which asyncio would complain of as never seen.
            asyncio.ensure_future(start.workflow_handle()).add_done_callback(_see)

    def _handle(self, allocation_id: str) -> WorkflowHandle[GPUAllocationWorkflow, Allocation]:
        return self._client.get_workflow_handle_for(GPUAllocationWorkflow.run, workflow_id_of(allocation_id))


def _refused_release(ended: Allocation, tenant: str) -> Refused:
    if ended.request.tenant != tenant:
        return Refused("allocation", "not_yours", "it belongs to another tenant")
    if ended.state is State.REFUSED:
        return Refused("allocation", "was_refused", "it was refused: it holds nothing")
    return Refused("allocation", "already_released", "it has been released already")


async def _patiently[T](call: Callable[[], Awaitable[T]], handle: WorkflowHandle[Any, Any], wait_s: float) -> T:
    """NobodyAnswers when `wait_s` has passed, but DependencyAway much sooner when it is Temporal that is silent."""
    asking = asyncio.ensure_future(_translated(call))
    try:
        await asyncio.wait({asking}, timeout=min(_DOUBT_AFTER_S, wait_s))
        if not asking.done():
            await _in_time(handle.describe, _LOOK_WITHIN_S)
            await asyncio.wait({asking}, timeout=max(0.0, wait_s - _DOUBT_AFTER_S))
        if asking.done():
            return asking.result()
        raise NobodyAnswers("worker", f"did not answer within {wait_s:g} s")
    finally:
        _drop(asking)


def _drop(task: "asyncio.Future[Any]") -> None:
    """Nobody wants to know any more how it ends."""
    task.cancel()
    task.add_done_callback(_see)


def _see(done: "asyncio.Future[Any]") -> None:
    if not done.cancelled():
        done.exception()


async def _in_time[T](call: Callable[[], Awaitable[T]], timeout_s: float) -> T:
    """DependencyAway when Temporal has not answered by then."""
    try:
        async with asyncio.timeout(timeout_s):
            return await _translated(call)
    except TimeoutError as late:
        raise DependencyAway(TEMPORAL, f"no answer within {timeout_s:g} s") from late


async def _translated[T](call: Callable[[], Awaitable[T]]) -> T:
    """The one place where Temporal's many ways to fail become ours."""
    try:
        return await call()
    except RPCError as failed:
        raise _failure(failed) from failed
    except WorkflowUpdateRPCTimeoutOrCancelledError as late:
        raise DependencyAway(TEMPORAL, "gave up the wait") from late
    except WorkflowUpdateFailedError as failed:
        raise _refusal(failed) from failed
    except WorkflowFailureError as failed:
        raise Refused("allocation", "failed", str(failed.cause)) from failed
    except WorkflowQueryFailedError as failed:
        raise NobodyAnswers("worker", str(failed)) from failed
    except RuntimeError as unconnected:  # so says a lazy client that cannot connect
        raise DependencyAway(TEMPORAL, str(unconnected)) from unconnected


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
