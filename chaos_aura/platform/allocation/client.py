"""Allocations as the API sees them: plain calls that answer, refuse, or say that Temporal is away, in time."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowExecutionStatus,
    WorkflowHandle,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from chaos_aura.platform import reading
from chaos_aura.platform.allocation.calls import TEMPORAL, Calls, NobodyAnswers, NotFound, see
from chaos_aura.platform.allocation.orders import (
    ALLOCATION_QUEUE,
    WORKFLOW_ID_PREFIX,
    AllocationOrder,
    Answer,
    workflow_id_of,
)
from chaos_aura.platform.allocation.workflow import GPUAllocationWorkflow
from chaos_aura.platform.errors import DependencyAway, Refused
from chaos_aura.platform.guards import Guard, Policy
from chaos_aura.platform.model import Allocation, AllocationRequest, State
from chaos_aura.platform.pool.client import TASK_TIMEOUT, PoolClient
from chaos_aura.platform.pool.orders import POOL_ID, PoolView

_RUNNING = (
    f'WorkflowType = "GPUAllocationWorkflow" AND ExecutionStatus = "{WorkflowExecutionStatus.RUNNING.name.title()}"'
)


# What the guard for Temporal is to count: it answers for the server, not for those who work.
POLICY = Policy(failures=(DependencyAway,), attempts=1, attempt_s=30.0, deadline_s=5.0)


class AllocationClient:
    """`guard` is for Temporal, of the POLICY here: the retries are those of Temporal's own client."""

    def __init__(self, client: Client, guard: Guard) -> None:
        self._client = client
        self._guard = guard
        # Longer than anybody waits: what only Temporal's client gives up tells nothing of why.
        self._pool = PoolClient(client, timeout_s=POLICY.attempt_s)
        self._calls = Calls()

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
                try:
                    return await reading.read(handle, GPUAllocationWorkflow.allocation, Allocation)
                except RPCError as failed:
                    if failed.status is not RPCStatusCode.NOT_FOUND:
                        raise
            return await handle.result()  # it has ended, perhaps in this moment

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

        return await self._guard.run(lambda: self._calls.in_time(look, 2.0))

    async def ping(self) -> None:
        """One cheap real operation of the server."""
        await self._guard.run(lambda: self._calls.in_time(self._count, 1.0))

    async def ping_worker(self) -> None:
        """Somebody works, and the pool is there. Past the guard: its probes are for those who ask Temporal."""
        try:
            await self._calls.patiently(self._pool.availability, self._client.get_workflow_handle(POOL_ID), 1.0)
        except NotFound:
            raise NobodyAnswers("worker", "there is no pool yet") from None

    async def _count(self) -> int:
        return (await self._client.count_workflows('WorkflowType = "GPUPoolWorkflow"')).count

    async def _guarded[T](self, call: Callable[[], Awaitable[T]], handle: WorkflowHandle[Any, Any], wait_s: float) -> T:
        return await self._guard.run(lambda: self._calls.patiently(call, handle, wait_s), deadline_s=wait_s + 1)

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
            asyncio.ensure_future(start.workflow_handle()).add_done_callback(see)

    def _handle(self, allocation_id: str) -> WorkflowHandle[GPUAllocationWorkflow, Allocation]:
        return self._client.get_workflow_handle_for(GPUAllocationWorkflow.run, workflow_id_of(allocation_id))


def _refused_release(ended: Allocation, tenant: str) -> Refused:
    if ended.request.tenant != tenant:
        return Refused("allocation", "not_yours", "it belongs to another tenant")
    if ended.state is State.REFUSED:
        return Refused("allocation", "was_refused", "it was refused: it holds nothing")
    return Refused("allocation", "already_released", "it has been released already")
