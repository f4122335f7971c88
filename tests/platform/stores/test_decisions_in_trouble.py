"""Decisions while Neo4j is cut off, slow, or killed, and while callers give up: failures are told, nothing sticks."""

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from neo4j_asked import writes_held_up
from own_connections import established
from proxies import cut, slowed
from stored_allocations import any_tenant, granted

from chaos_aura.platform.stores.decisions import FAILURES, Decisions
from chaos_aura.stack.running import RunningStack

_EDGE = "worker.neo4j"
_AGAIN_WITHIN_S = 90.0
_COLD_S = 15.0  # a server that was just started plans its first queries for seconds


@asynccontextmanager
async def _decisions(stack: RunningStack, timeout_s: float) -> AsyncIterator[Decisions]:
    store = Decisions(stack.catalogue.edge(_EDGE).uri, timeout_s=timeout_s)
    try:
        await _well(store.make_schema)
        yield store
    finally:
        await store.close()


async def _well[T](operation: Callable[[], Awaitable[T]]) -> T:
    """As a guard would: tried until it is done."""
    deadline_s = time.monotonic() + _AGAIN_WITHIN_S
    while True:
        try:
            return await operation()
        except FAILURES:
            if time.monotonic() > deadline_s:
                raise
            await asyncio.sleep(0.05)


def _connections(stack: RunningStack) -> int:
    port = stack.catalogue.edge(_EDGE).address.port
    return sum(remote == port for remote in established().values())


def test_cut_off_it_fails_as_declared_and_works_again_at_once(stack: RunningStack):
    async def run() -> None:
        async with _decisions(stack, 2.0) as store:
            one = granted(any_tenant())
            with cut(stack, _EDGE):
                for operation in (store.ping, lambda: store.write(one), lambda: store.window("t")):
                    with pytest.raises(FAILURES):
                        await operation()
            await _well(lambda: store.write(one))
            assert await _well(lambda: store.read(one.allocation_id)) == one

    asyncio.run(run())


def test_cut_off_all_writers_of_a_batch_are_told(stack: RunningStack):
    async def run() -> None:
        async with _decisions(stack, 2.0) as store:
            with cut(stack, _EDGE):
                told = await asyncio.gather(*(store.write(granted("t")) for _ in range(20)), return_exceptions=True)
            assert all(isinstance(answer, FAILURES) for answer in told), told

    asyncio.run(run())


def test_a_slow_server_is_given_up_in_time(stack: RunningStack):
    async def run() -> None:
        async with _decisions(stack, 1.0) as store:
            await _well(store.ping)
            with slowed(stack, _EDGE, 20_000):
                began_s = time.monotonic()
                for operation in (store.ping, lambda: store.write(granted("t"))):
                    with pytest.raises(FAILURES):
                        await operation()
                assert time.monotonic() - began_s < 10
            await _well(store.ping)

    asyncio.run(run())


def test_a_server_that_may_have_just_started_is_given_more_time_for_its_first_write(stack: RunningStack):
    async def run() -> None:
        async with _decisions(stack, 1.0) as store:
            with cut(stack, _EDGE), pytest.raises(FAILURES):
                await store.write(granted("t"))
            await _well(store.ping)
            with writes_held_up(stack):
                first = asyncio.create_task(store.write(granted("t")))
                done, _ = await asyncio.wait([first], timeout=2.0)
                assert not done
            await first
            with writes_held_up(stack), pytest.raises(FAILURES):
                await store.write(granted("t"))

    asyncio.run(run())


def test_callers_that_give_up_leave_nothing_behind(stack: RunningStack):
    """More often than there are connections, at any moment of a call."""
    some = random.Random(7)

    async def impatient(operation: Callable[[], Awaitable[object]]) -> bool:
        try:
            await asyncio.wait_for(operation(), some.uniform(0, 0.08))
        except TimeoutError:
            return True
        return False

    async def run() -> None:
        async with _decisions(stack, 5.0) as store:
            tenant = any_tenant()
            with slowed(stack, _EDGE, 20):
                gave_up = await asyncio.gather(
                    *(impatient(lambda: store.window(tenant)) for _ in range(100)),
                    *(impatient(lambda: store.write(granted(tenant))) for _ in range(100)),
                )
            assert sum(gave_up) > 50
            await asyncio.gather(*(_well(lambda: store.window(tenant)) for _ in range(40)))
            assert _connections(stack) <= 16
        await _until(lambda: _connections(stack) == 0)

    asyncio.run(run())


def test_killed_under_load_it_keeps_what_it_acknowledged(stack: RunningStack):
    async def run() -> None:
        async with _decisions(stack, _COLD_S) as store:
            tenants = [any_tenant() for _ in range(3)]
            acknowledged = []
            over = asyncio.Event()

            async def writer(number: int) -> None:
                while not over.is_set():
                    one = granted(tenants[number % 3])
                    await _well(lambda one=one: store.write(one))
                    acknowledged.append(one)

            async with asyncio.TaskGroup() as writers:
                for number in range(12):
                    writers.create_task(writer(number))
                await _until(lambda: len(acknowledged) >= 50)
                process = stack.supervisor.children()["neo4j"].process
                assert process
                os.kill(process.pid, signal.SIGKILL)
                before = len(acknowledged)
                await _until(lambda: len(acknowledged) >= before + 50)
                over.set()
            for one in acknowledged:
                assert await _well(lambda one=one: store.read(one.allocation_id)) == one

    asyncio.run(run())


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(_AGAIN_WITHIN_S):
        while not condition():
            await asyncio.sleep(0.01)
