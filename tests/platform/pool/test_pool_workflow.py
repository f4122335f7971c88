"""The pool on a real Temporal: one step an update, repeatable, and it never grows old."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle, WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, Worker

from chaos_aura.platform.errors import Refused
from chaos_aura.platform.model import GpuType
from chaos_aura.platform.pool.client import PoolClient
from chaos_aura.platform.pool.orders import GrantOrder, ReleaseOrder
from chaos_aura.platform.pool.workflow import GPUPoolWorkflow
from chaos_aura.stack.running import RunningStack

_INVENTORY = {GpuType.T4: 8, GpuType.H100: 2}
_TASK, _TOO_LATE = "EVENT_TYPE_WORKFLOW_TASK_", "EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT"


@asynccontextmanager
async def worked(stack: RunningStack, history_limit: int = 4000) -> AsyncIterator[tuple[Client, PoolClient, str]]:
    """A pool of the test's own, on a queue of its own."""
    pool_id = f"pool-{uuid.uuid4()}"
    client = await Client.connect(str(stack.catalogue.service("temporal").address))
    pool = PoolClient(client, timeout_s=15, pool_id=pool_id)
    async with Worker(
        client,
        task_queue=pool_id,
        workflows=[GPUPoolWorkflow],
        workflow_runner=UnsandboxedWorkflowRunner(),
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=1),
    ):
        await pool.ensure(_INVENTORY, history_limit)
        try:
            yield client, pool, pool_id
        finally:
            await client.get_workflow_handle(pool_id).terminate()


def order(allocation_id: str, count: int = 1) -> GrantOrder:
    return GrantOrder(allocation_id, "tenant", GpuType.T4, count)


async def history_of(handle: WorkflowHandle[Any, Any]) -> list[str]:
    return [EventType.Name(event.event_type) async for event in handle.fetch_history_events()]


async def written_since(handle: WorkflowHandle[Any, Any], before: list[str]) -> list[str]:
    """But what becomes of a task that is late, by a second even: Temporal notes that, and hands it out anew."""
    new = (await history_of(handle))[len(before) :]
    return [kind for kind in new if not (_TOO_LATE in new and kind.startswith(_TASK))]


def test_it_grants_tells_and_takes_back(stack: RunningStack) -> None:
    async def use() -> None:
        async with worked(stack) as (_, pool, _id):
            grant = await pool.grant(order("one", 3))
            view = await pool.view()
            assert (view.free[GpuType.T4], {holder.gpu_id for holder in view.holders}) == (5, set(grant.gpu_ids))
            assert await pool.release(ReleaseOrder("one", grant.fencing_token)) == 3
            assert (await pool.availability()).free == _INVENTORY

    asyncio.run(use())


def test_a_refusal_says_why_and_leaves_no_history(stack: RunningStack) -> None:
    async def use() -> None:
        async with worked(stack) as (client, pool, pool_id):
            await pool.availability()
            handle = client.get_workflow_handle(pool_id)
            before = await history_of(handle)
            with pytest.raises(Refused, match="9 t4 asked, 8 of 8 free") as refused:
                await pool.grant(order("one", 9))
            assert refused.value.reason == "no_capacity"
            assert await written_since(handle, before) == []

    asyncio.run(use())


def test_it_is_read_without_a_write(stack: RunningStack) -> None:
    async def use() -> None:
        async with worked(stack) as (client, pool, pool_id):
            await pool.grant(order("one", 3))
            handle = client.get_workflow_handle(pool_id)
            before = await history_of(handle)
            told = [(await pool.availability(), await pool.view()) for _ in range(3)]
            assert {(available.free[GpuType.T4], len(view.holders)) for available, view in told} == {(5, 3)}
            assert await written_since(handle, before) == []

    asyncio.run(use())


def test_a_repetition_is_answered_as_things_are_now(stack: RunningStack) -> None:
    """The worker that was granted it died, the next one refused the request, the third would take it again."""

    async def use() -> None:
        async with worked(stack) as (_, pool, _id):
            grant = await pool.grant(order("one"))
            assert await pool.grant(order("one")) == grant
            assert await pool.release(ReleaseOrder("one")) == 1
            other = await pool.grant(order("other"))
            assert other.gpu_ids == grant.gpu_ids
            with pytest.raises(Refused, match="one has been given up"):
                await pool.grant(order("one"))
            assert await pool.release(ReleaseOrder("one")) == 0
            assert {holder.allocation_id for holder in (await pool.view()).holders} == {"other"}

    asyncio.run(use())


def test_a_pool_that_runs_keeps_its_inventory(stack: RunningStack) -> None:
    async def use() -> None:
        async with worked(stack) as (_, pool, _id):
            await pool.ensure({GpuType.T4: 1}, 4000)
            assert (await pool.availability()).total == _INVENTORY

    asyncio.run(use())


def test_it_continues_as_new_under_load_and_loses_nothing(stack: RunningStack) -> None:
    """Every cycle of every caller succeeds, and what they hold at any time is theirs alone."""

    async def use() -> None:
        async with worked(stack, history_limit=60) as (client, pool, pool_id):
            first_run = (await client.get_workflow_handle(pool_id).describe()).run_id
            holders: dict[str, str] = {}
            tokens: list[int] = []

            async def tenant(name: int) -> None:
                for turn in range(15):
                    grant = await pool.grant(order(f"{name}-{turn}"))
                    tokens.append(grant.fencing_token)
                    for gpu_id in grant.gpu_ids:
                        assert gpu_id not in holders, f"{gpu_id} has two owners"
                        holders[gpu_id] = grant.allocation_id
                    await asyncio.sleep(0.01)  # others are granted theirs meanwhile
                    for gpu_id in grant.gpu_ids:
                        del holders[gpu_id]
                    await pool.release(ReleaseOrder(grant.allocation_id, grant.fencing_token))

            await asyncio.gather(*(tenant(name) for name in range(8)))
            runs = {first_run, (await client.get_workflow_handle(pool_id).describe()).run_id}
            assert len(runs) == 2
            assert len(set(tokens)) == len(tokens) == 120
            assert (await pool.availability()).free == _INVENTORY

    asyncio.run(use())


def test_a_repeated_order_is_known_after_it_continued_as_new(stack: RunningStack) -> None:
    """Temporal forgets the ids of Updates then; the pool does not forget its allocations."""

    async def use() -> None:
        async with worked(stack, history_limit=10) as (client, pool, pool_id):
            handle = client.get_workflow_handle(pool_id)
            first_run = (await handle.describe()).run_id
            kept, ended = await pool.grant(order("kept")), await pool.grant(order("ended"))
            await pool.release(ReleaseOrder("ended", ended.fencing_token))
            for number in range(5):
                await pool.release(ReleaseOrder(f"filler-{number}"))
            assert (await handle.describe()).run_id != first_run
            assert await pool.grant(order("kept")) == kept
            with pytest.raises(Refused, match="has been given up"):
                await pool.grant(order("ended"))

    asyncio.run(use())


def test_its_history_can_be_replayed(stack: RunningStack) -> None:
    async def use() -> WorkflowHistory:
        async with worked(stack) as (client, pool, pool_id):
            for number in range(4):
                await pool.grant(order(str(number)))
                await pool.release(ReleaseOrder(str(number)))
            return await client.get_workflow_handle(pool_id).fetch_history()

    history = asyncio.run(use())
    replayer = Replayer(workflows=[GPUPoolWorkflow], workflow_runner=UnsandboxedWorkflowRunner())
    asyncio.run(replayer.replay_workflow(history))
