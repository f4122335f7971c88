"""The worker's body: connect, set up what the platform needs, work until it is told to end, drain."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from chaos_aura.platform.allocation.activities import Activities
from chaos_aura.platform.allocation.orders import ALLOCATION_QUEUE
from chaos_aura.platform.allocation.workflow import GPUAllocationWorkflow
from chaos_aura.platform.connections import connect_temporal
from chaos_aura.platform.health_server import HealthServer
from chaos_aura.platform.observe import Observer, metrics
from chaos_aura.platform.observe.logs import get_logger
from chaos_aura.platform.pool.client import PoolClient
from chaos_aura.platform.pool.orders import POOL_ID
from chaos_aura.platform.pool.workflow import GPUPoolWorkflow
from chaos_aura.platform.settings import Settings
from chaos_aura.platform.worker.orphans import Orphans
from chaos_aura.platform.worker.parts import Parts
from chaos_aura.platform.worker.readiness import Readiness
from chaos_aura.platform.worker.upkeep import Upkeep

# A killed worker's workflows are looked for elsewhere after this, not after ten seconds.
_STICKY_FOR = timedelta(seconds=1)
_DRAIN_WITHIN = timedelta(seconds=8)
ENDS_WITHIN_S = 13.0  # allocations are drained, then the pool; below the patience of whoever ends this process
_CONNECT_EVERY_S = 0.2
# A step of a workflow never waits, so more threads than cores would only take the interpreter from each other.
_WORKFLOW_THREADS = 4
# Half of them for those that begin. Of five polls the library gives one to them: they would wait for seconds behind
# hundreds that go on after an outage.
_POLLS, _FOR_THE_NEW = 20, 0.5


async def work(settings: Settings, observer: Observer, ending: asyncio.Event) -> None:
    async with AsyncExitStack() as entered:
        parts = await entered.enter_async_context(Parts.made(settings, observer))
        readiness = Readiness(parts.guards)
        server = HealthServer(settings.listen_host, settings.listen_port, readiness.report, metrics.exposition)
        await server.start()
        entered.push_async_callback(server.close)
        client = await _connected(settings, ending)
        if client is None:
            return
        pool = PoolClient(client)
        upkeep = Upkeep(settings, pool, parts, Orphans(client, pool, parts))
        entered.push_async_callback(upkeep.close)
        of_pool, of_allocations = workers(client, Activities(parts.deciding(pool), pool, parts.recorder))
        await entered.enter_async_context(of_pool)
        upkeep.start()
        readiness.begin(upkeep)
        # Everyone waits for the pool: those whose worker was killed shall not keep the new one from replaying it.
        await _first_of(upkeep.pool_is_there, ending)
        if not ending.is_set():
            await entered.enter_async_context(of_allocations)
        await ending.wait()


async def _first_of(*events: asyncio.Event) -> None:
    waits = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()


def workers(client: Client, activities: Activities) -> tuple[Worker, Worker]:
    """The pool has a queue of its own: its work is short and everyone waits for it."""
    pool = Worker(
        client,
        task_queue=POOL_ID,
        workflows=[GPUPoolWorkflow],
        workflow_runner=UnsandboxedWorkflowRunner(),
        sticky_queue_schedule_to_start_timeout=_STICKY_FOR,
        graceful_shutdown_timeout=_DRAIN_WITHIN,
        max_concurrent_workflow_tasks=10,
    )
    allocations = Worker(
        client,
        task_queue=ALLOCATION_QUEUE,
        workflows=[GPUAllocationWorkflow],
        activities=[
            activities.decide,
            activities.take,
            activities.give_back,
            activities.record,
            activities.record_one,
        ],
        workflow_runner=UnsandboxedWorkflowRunner(),
        sticky_queue_schedule_to_start_timeout=_STICKY_FOR,
        graceful_shutdown_timeout=_DRAIN_WITHIN,
        workflow_task_executor=ThreadPoolExecutor(_WORKFLOW_THREADS, "workflow"),
        max_cached_workflows=2000,
        max_concurrent_workflow_tasks=100,
        max_concurrent_workflow_task_polls=_POLLS,
        nonsticky_to_sticky_poll_ratio=_FOR_THE_NEW,
        max_concurrent_activities=1000,
        max_concurrent_local_activities=200,
    )
    return pool, allocations


async def _connected(settings: Settings, ending: asyncio.Event) -> Client | None:
    """As soon as Temporal can be reached. None when told to end before."""
    told = False
    while not ending.is_set():
        try:
            return await connect_temporal(settings, lazy=False, retry_for_s=10)
        except RuntimeError as away:
            if not told:
                get_logger().warning("temporal is away", why=str(away))
                told = True
        await asyncio.wait({asyncio.ensure_future(ending.wait())}, timeout=_CONNECT_EVERY_S)
    return None
