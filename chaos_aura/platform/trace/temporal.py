"""What Temporal holds of a request: its workflow; and, in the pool, its GPUs."""

import asyncio
from typing import Any

from temporalio.client import (
    Client,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.service import RPCError, RPCStatusCode

from chaos_aura.platform.allocation.orders import workflow_id_of
from chaos_aura.platform.allocation.workflow import GPUAllocationWorkflow
from chaos_aura.platform.model import Allocation
from chaos_aura.platform.pool.client import PoolClient
from chaos_aura.platform.reading import read
from chaos_aura.platform.trace.answer import Answer, found, in_one_line, nothing

_LATE = (RPCError, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError)


async def ask_temporal(client: Client, request_id: str, worker_within_s: float) -> Answer:
    """The server alone knows how the workflow is; what it knows, only a worker can tell while it runs."""
    handle = client.get_workflow_handle_for(GPUAllocationWorkflow.run, workflow_id_of(request_id))
    try:
        told = await handle.describe()
    except RPCError as failed:
        if failed.status is RPCStatusCode.NOT_FOUND:
            return nothing(f"no workflow {handle.id}")
        raise
    held = _described(told)
    try:
        async with asyncio.timeout(worker_within_s):
            if told.status is WorkflowExecutionStatus.RUNNING:
                held["allocation"] = await read(handle, GPUAllocationWorkflow.allocation, Allocation)
                held["unwritten"] = await read(handle, GPUAllocationWorkflow.unwritten, dict[str, str])
            else:
                held["allocation"] = await handle.result()
    except WorkflowFailureError as failed:
        return found(held, in_one_line(failed.cause))
    except (TimeoutError, *_LATE) as late:
        return found(held, f"no worker tells more ({in_one_line(late)})")
    return found(held)


async def ask_pool(client: Client, request_id: str, within_s: float) -> Answer:
    try:
        view = await PoolClient(client, timeout_s=within_s).view()
    except RPCError as failed:
        if failed.status is RPCStatusCode.NOT_FOUND:
            return nothing("there is no pool yet")
        raise
    holders = [holder for holder in view.holders if holder.allocation_id == request_id]
    if not holders:
        return nothing("holds no GPU")
    return found(
        {
            "gpu_ids": [holder.gpu_id for holder in holders],
            "tenant": holders[0].tenant,
            "fencing_token": holders[0].fencing_token,
        }
    )


def _described(told: WorkflowExecutionDescription) -> dict[str, Any]:
    return {
        "workflow_id": told.id,
        "run_id": told.run_id,
        "status": told.status.name.lower() if told.status else "unknown",
        "task_queue": told.task_queue,
        "history_events": told.history_length,
        "started_at_ms": int(told.start_time.timestamp() * 1000),
        "ended_at_ms": int(told.close_time.timestamp() * 1000) if told.close_time else None,
    }
