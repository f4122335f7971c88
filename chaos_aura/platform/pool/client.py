"""The pool as its callers see it: plain calls, plain refusals. Every call may be repeated."""

from collections.abc import Mapping
from datetime import timedelta

from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError
from temporalio.workflow import UpdateMethodMultiParam

from chaos_aura.platform.errors import Refused
from chaos_aura.platform.model import GpuType, Grant
from chaos_aura.platform.pool.availability import Availability
from chaos_aura.platform.pool.orders import POOL_ID, GrantOrder, PoolState, PoolView, ReleaseOrder
from chaos_aura.platform.pool.workflow import GPUPoolWorkflow
from chaos_aura.platform.reading import read

# A worker that took a task and was killed costs this long, not the default of ten seconds.
TASK_TIMEOUT = timedelta(seconds=2)


class PoolClient:
    """A grant or release may take a second where the pool continues as new: the server asks to come again."""

    def __init__(self, client: Client, *, timeout_s: float = 3.0, pool_id: str = POOL_ID) -> None:
        self._client = client
        self._pool_id = pool_id
        self._handle = client.get_workflow_handle_for(GPUPoolWorkflow.run, pool_id)
        self._timeout = timedelta(seconds=timeout_s)

    async def ensure(self, inventory: Mapping[GpuType, int], history_limit: int) -> None:
        """A pool that runs already keeps its inventory."""
        await self._client.start_workflow(
            GPUPoolWorkflow.run,
            PoolState(inventory, history_limit),
            id=self._pool_id,
            task_queue=self._pool_id,
            task_timeout=TASK_TIMEOUT,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            rpc_timeout=self._timeout,
        )

    async def grant(self, order: GrantOrder) -> Grant:
        return await self._updated(GPUPoolWorkflow.grant, order)

    async def release(self, order: ReleaseOrder) -> int:
        return await self._updated(GPUPoolWorkflow.release, order)

    async def availability(self) -> Availability:
        return await read(self._handle, GPUPoolWorkflow.availability, Availability, self._timeout)

    async def view(self) -> PoolView:
        return await read(self._handle, GPUPoolWorkflow.view, PoolView, self._timeout)

    async def _updated[Order, Told](
        self, update: UpdateMethodMultiParam[[GPUPoolWorkflow, Order], Told], order: Order
    ) -> Told:
        """Each call is an Update of its own. With one id for all repetitions the server would answer a later one from
        memory: with a grant that has been given back since, and may be somebody else's by now."""
        try:
            return await self._handle.execute_update(update, order, rpc_timeout=self._timeout)
        except WorkflowUpdateFailedError as failed:
            raise _refusal(failed) from failed


def _refusal(failed: WorkflowUpdateFailedError) -> Exception:
    cause = failed.cause
    if isinstance(cause, ApplicationError) and cause.type:
        return Refused("pool", cause.type, cause.message)
    return failed
