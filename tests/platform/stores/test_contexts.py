"""Context windows in a real Redis: misses, fills, and damage found there."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from context_stores import TTL_S, contexts_of, past_decision, past_decisions
from redis.asyncio import Redis
from stored_allocations import NOW_MS, any_tenant

from chaos_aura.platform.model import ContextSource, ContextWindow
from chaos_aura.platform.model.context import WINDOW_SIZE
from chaos_aura.platform.stores.context_members import member_of
from chaos_aura.platform.stores.contexts import window_key
from chaos_aura.stack.running import RunningStack


@asynccontextmanager
async def _redis(stack: RunningStack) -> AsyncIterator[Redis]:
    """Directly, not through an edge."""
    client = Redis.from_url(stack.catalogue.service("redis").uri)
    try:
        yield client
    finally:
        await client.aclose()


@pytest.mark.parametrize("count", [0, 1, WINDOW_SIZE])
def test_a_miss_may_be_filled_and_is_then_a_hit(stack: RunningStack, count: int):
    tenant = any_tenant()
    past = past_decisions(tenant, count)

    async def run() -> None:
        async with contexts_of(stack) as contexts:
            assert await contexts.read(tenant) is None
            await contexts.fill(ContextWindow(tenant, past, ContextSource.NEO4J))
            assert await contexts.read(tenant) == ContextWindow(tenant, past, ContextSource.REDIS)
            assert contexts.damaged == 0

    asyncio.run(run())


def test_nobody_may_fill_without_a_miss(stack: RunningStack):
    tenant = any_tenant()

    async def run() -> None:
        async with contexts_of(stack) as contexts:
            await contexts.fill(ContextWindow(tenant, past_decisions(tenant, 1)))
            assert await contexts.read(tenant) is None

    asyncio.run(run())


def test_a_fill_that_is_older_than_a_loss_is_refused(stack: RunningStack):
    tenant = any_tenant()

    async def run() -> None:
        async with contexts_of(stack) as contexts, _redis(stack) as redis:
            assert await contexts.read(tenant) is None
            seen_before = ContextWindow(tenant)
            await contexts.remember(tenant, past_decision(tenant, NOW_MS))
            await redis.delete(*await redis.keys(f"*{tenant}*"))
            await contexts.fill(seen_before)
            assert await contexts.read(tenant) is None

    asyncio.run(run())


def test_what_is_remembered_joins_a_window_and_the_oldest_leave_it(stack: RunningStack):
    tenant = any_tenant()
    past = past_decisions(tenant, WINDOW_SIZE + 3)

    async def run() -> None:
        async with contexts_of(stack) as contexts:
            await contexts.read(tenant)
            await contexts.fill(ContextWindow(tenant, past[:2]))
            for each in (*past, past[3], past[-1]):
                await contexts.remember(tenant, each)
            window = await contexts.read(tenant)
            assert window
            assert window.decisions == past[3:]

    asyncio.run(run())


def test_what_is_remembered_without_a_window_is_in_the_next_one(stack: RunningStack):
    tenant = any_tenant()
    past = past_decisions(tenant, 4)

    async def run() -> None:
        async with contexts_of(stack) as contexts:
            await contexts.remember(tenant, past[3])
            assert await contexts.read(tenant) is None
            await contexts.fill(ContextWindow(tenant, past[:3]))
            window = await contexts.read(tenant)
            assert window
            assert window.decisions == past

    asyncio.run(run())


def test_everything_of_a_tenant_ends_by_itself(stack: RunningStack):
    tenant = any_tenant()

    async def run() -> None:
        async with contexts_of(stack) as contexts, _redis(stack) as redis:
            await contexts.read(tenant)
            await contexts.fill(ContextWindow(tenant, past_decisions(tenant, 1)))
            await contexts.remember(tenant, past_decision(tenant, NOW_MS + 5))
            keys = await redis.keys(f"*{tenant}*")
            assert len(keys) == 3
            left_ms = [await redis.pttl(key) for key in keys]
            assert all(left > 0 for left in left_ms)
            assert TTL_S * 900 < await redis.pttl(window_key(tenant)) <= TTL_S * 1000

    asyncio.run(run())


async def _text(redis: Redis, key: str, tenant: str) -> None:
    await redis.set(key, b"\x00 not a window")


async def _list(redis: Redis, key: str, tenant: str) -> None:
    await redis.delete(key)
    await redis.rpush(key, "a", "b")


async def _not_json(redis: Redis, key: str, tenant: str) -> None:
    await redis.zadd(key, {b"\xff{": NOW_MS})


async def _foreign_json(redis: Redis, key: str, tenant: str) -> None:
    await redis.zadd(key, {b'{"allocation_id": "x"}': NOW_MS})


async def _changed(redis: Redis, key: str, tenant: str) -> None:
    member = member_of(past_decision(tenant, NOW_MS + 1))
    await redis.zadd(key, {member.replace(b"approved", b"refused"): NOW_MS + 1})


async def _moved(redis: Redis, key: str, tenant: str) -> None:
    await redis.zadd(key, {member_of(past_decision(tenant, NOW_MS + 1)): NOW_MS + 2})


async def _too_many(redis: Redis, key: str, tenant: str) -> None:
    await redis.zadd(key, {member_of(each): each.decided_at_ms for each in past_decisions(tenant, WINDOW_SIZE + 1)})


async def _no_marker(redis: Redis, key: str, tenant: str) -> None:
    await redis.zremrangebyrank(key, 0, 0)


_DAMAGES = [_text, _list, _not_json, _foreign_json, _changed, _moved, _too_many, _no_marker]


@pytest.mark.parametrize(
    ("damage", "remembers_first"),
    # Remembering makes a window that is too long right by itself.
    [(damage, first) for damage in _DAMAGES for first in (False, True) if not (damage is _too_many and first)],
)
def test_a_damaged_window_is_a_miss_counted_and_filled_again(
    stack: RunningStack, damage: Callable[..., Awaitable[None]], remembers_first: bool
):
    tenant = any_tenant()
    past = past_decisions(tenant, 3)

    async def run() -> None:
        async with contexts_of(stack) as contexts, _redis(stack) as redis:
            await contexts.read(tenant)
            await contexts.fill(ContextWindow(tenant, past[:2]))
            await damage(redis, window_key(tenant), tenant)
            if remembers_first:
                await contexts.remember(tenant, past[2])
            assert await contexts.read(tenant) is None
            assert contexts.damaged == 1
            assert await contexts.read(tenant) is None
            await contexts.fill(ContextWindow(tenant, past))
            assert await contexts.read(tenant) == ContextWindow(tenant, past, ContextSource.REDIS)

    asyncio.run(run())


@pytest.mark.parametrize("value", ["wrong type", "wrong member"])
def test_damage_beside_the_window_does_not_stay(stack: RunningStack, value: str):
    tenant = any_tenant()
    past = past_decisions(tenant, 2)

    async def run() -> None:
        async with contexts_of(stack) as contexts, _redis(stack) as redis:
            await contexts.remember(tenant, past[0])
            (key,) = await redis.keys(f"*{tenant}*")
            await (redis.set(key, "x") if value == "wrong type" else redis.zadd(key, {"x": 1}))
            for _ in range(3):
                if await contexts.read(tenant) is None:
                    await contexts.fill(ContextWindow(tenant, past))
                await contexts.remember(tenant, past[1])
            window = await contexts.read(tenant)
            assert window
            assert window.decisions == past
            assert contexts.damaged == 1

    asyncio.run(run())
