"""A worker that comes back to a long history and to many who wait: the pool answers, and everybody's turn comes."""

import asyncio
import dataclasses
import uuid

import pytest
from awaiting import wait_until
from temporalio.client import Client

from chaos_aura.platform.allocation.orders import ALLOCATION_QUEUE, AllocationOrder, workflow_id_of
from chaos_aura.platform.allocation.workflow import GPUAllocationWorkflow
from chaos_aura.platform.model import Allocation, AllocationRequest, GpuType, State
from chaos_aura.platform.pool.client import TASK_TIMEOUT, PoolClient
from chaos_aura.platform.pool.orders import POOL_ID, GrantOrder, ReleaseOrder
from chaos_aura.platform.settings import Settings
from chaos_aura.stack.running import RunningStack

_WAITING = 150
_AT_ONCE = 4
_SHORT_OF_THE_LIMIT = 80  # more events than those few ever add at once
_ENDED_WITHIN_S = 90
_LIMIT = next(int(str(each.default)) for each in dataclasses.fields(Settings) if each.name == "pool_history_limit")


@pytest.mark.timeout(300)
def test_many_who_waited_for_a_worker_do_not_keep_it_from_the_pool(stack: RunningStack) -> None:
    asyncio.run(_many_wait(stack))


async def _many_wait(stack: RunningStack) -> None:
    client = await Client.connect(str(stack.catalogue.service("temporal").address))
    await _nearly_as_long_as_it_gets(client)
    stack.supervisor.stop("worker")
    try:
        wait_until(lambda: stack.supervisor.children()["worker"].process is None, _ENDED_WITHIN_S, "no worker")
        waiting = [await _begun(client) for _ in range(_WAITING)]
    finally:
        stack.supervisor.start("worker")
    async with asyncio.timeout(_ENDED_WITHIN_S):
        ended: list[Allocation] = await asyncio.gather(*waiting)
    assert {each.state for each in ended} <= {State.RELEASED, State.REFUSED}
    assert State.RELEASED in {each.state for each in ended}


async def _nearly_as_long_as_it_gets(client: Client) -> None:
    pool, handle = PoolClient(client), client.get_workflow_handle(POOL_ID)

    async def taken_and_given_back() -> None:
        one = f"history-{uuid.uuid4()}"
        grant = await pool.grant(GrantOrder(one, one, GpuType.T4, 1))
        await pool.release(ReleaseOrder(one, grant.fencing_token))

    while (await handle.describe()).history_length < _LIMIT - _SHORT_OF_THE_LIMIT:
        await asyncio.gather(*(taken_and_given_back() for _ in range(_AT_ONCE)))


async def _begun(client: Client) -> "asyncio.Future[Allocation]":
    """Its GPU comes back by itself after two seconds."""
    one = f"waits-{uuid.uuid4()}"
    handle = await client.start_workflow(
        GPUAllocationWorkflow.run,
        AllocationOrder(AllocationRequest(one, one, GpuType.T4, 1, hours=0.0005), one),
        id=workflow_id_of(one),
        task_queue=ALLOCATION_QUEUE,
        task_timeout=TASK_TIMEOUT,
    )
    return asyncio.ensure_future(handle.result())
