"""Contexts while Redis is cut off, slow or killed, and while callers give up: failures are told, nothing sticks."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable

import pytest
from context_stores import EDGE, contexts_of, past_decision, past_decisions
from own_connections import established
from proxies import cut, slowed
from stored_allocations import NOW_MS, any_tenant

from chaos_aura.platform.model import ContextSource, ContextWindow, PastDecision
from chaos_aura.platform.stores.contexts import FAILURES, Contexts
from chaos_aura.stack.running import RunningStack

_WITHIN_S = 30.0


async def _well(operation: Callable[[], Awaitable[object]]) -> None:
    """As a guard would: tried until it is done."""
    deadline_s = time.monotonic() + _WITHIN_S
    while True:
        try:
            await operation()
        except FAILURES:
            if time.monotonic() > deadline_s:
                raise
            await asyncio.sleep(0.02)
        else:
            return


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(_WITHIN_S):
        while not condition():
            await asyncio.sleep(0.01)


def test_cut_off_or_slow_it_fails_as_declared_and_works_again(stack: RunningStack):
    tenant = any_tenant()
    past = past_decision(tenant, NOW_MS)

    async def run() -> None:
        async with contexts_of(stack, timeout_s=1.0) as contexts:
            operations = (
                contexts.ping,
                lambda: contexts.read(tenant),
                lambda: contexts.remember(tenant, past),
                lambda: contexts.fill(ContextWindow(tenant)),
            )
            for trouble in (cut(stack, EDGE), slowed(stack, EDGE, 20_000)):
                await _well(contexts.ping)
                with trouble:
                    began_s = time.monotonic()
                    for operation in operations:
                        with pytest.raises(FAILURES):
                            await operation()
                    assert time.monotonic() - began_s < 15
                for operation in operations:
                    await _well(operation)

    asyncio.run(run())


def test_callers_that_give_up_get_nobody_elses_answer_and_leave_nothing_behind(stack: RunningStack):
    some = random.Random(3)
    tenants = [any_tenant() for _ in range(10)]
    port = stack.catalogue.edge(EDGE).address.port
    mixed_up, gave_up = [], []

    async def reader(contexts: Contexts) -> None:
        for _ in range(30):
            tenant = some.choice(tenants)
            try:
                window = await asyncio.wait_for(contexts.read(tenant), some.uniform(0, 0.03))
            except TimeoutError:
                gave_up.append(tenant)
            else:
                if not window or [past.hours for past in window.decisions] != [float(tenants.index(tenant) + 1)]:
                    mixed_up.append((tenant, window))

    async def run() -> None:
        async with contexts_of(stack) as contexts:
            for number, tenant in enumerate(tenants):
                past = PastDecision("a", NOW_MS, "t4", 1, number + 1, "low", False, "approved", 1)
                await contexts.read(tenant)
                await contexts.fill(ContextWindow(tenant, (past,)))
            with slowed(stack, EDGE, 5):
                await asyncio.gather(*(reader(contexts) for _ in range(40)))
            assert not mixed_up
            assert len(gave_up) > 100
            await asyncio.gather(*(contexts.ping() for _ in range(60)))
            assert sum(remote == port for remote in established().values()) <= 16
        await _until(lambda: port not in established().values())

    asyncio.run(run())


def test_after_a_kill_its_windows_are_misses_and_so_is_the_leave_to_fill_them(stack: RunningStack):
    """It may have come back without what it acknowledged last."""
    tenants = [any_tenant(), any_tenant()]
    past = past_decisions(tenants[0], 3)

    async def run() -> None:
        async with contexts_of(stack) as contexts:
            for tenant in tenants:
                await contexts.read(tenant)
            await contexts.fill(ContextWindow(tenants[0], past[:2]))
            process = stack.supervisor.children()["redis"].process
            assert process
            os.kill(process.pid, signal.SIGKILL)
            await _until(lambda: stack.supervisor.children()["redis"].process not in (None, process))
            await _well(contexts.ping)
            for tenant in tenants:
                await contexts.fill(ContextWindow(tenant, past[:2]))
                await contexts.remember(tenant, past[2])
                assert await contexts.read(tenant) is None
                await contexts.fill(ContextWindow(tenant, past[:2]))
                assert await contexts.read(tenant) == ContextWindow(tenant, past, ContextSource.REDIS)
            assert contexts.damaged == 0

    asyncio.run(run())
