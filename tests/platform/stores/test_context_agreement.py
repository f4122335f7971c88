"""Redis, where it holds a context, agrees with Neo4j: in every order in which writers and readers may take their steps.

A step is what the servers do at once: a write to Neo4j (here a set), or a script in Redis, a real one. Each writer and
each reader takes its steps in order; Hypothesis decides who is next.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from stored_allocations import NOW_MS, any_tenant

from chaos_aura.platform.model import ContextWindow, PastDecision
from chaos_aura.platform.model.context import WINDOW_SIZE
from chaos_aura.platform.stores.contexts import Contexts
from chaos_aura.stack.running import RunningStack

_Steps = AsyncIterator[None]
_WRITE, _REMEMBER = "write", "remember"
_EXAMPLES = 100
_MOST_WRITERS = WINDOW_SIZE + 8
_many = st.lists(st.integers(0, 9), min_size=1, max_size=_MOST_WRITERS)
_few = st.lists(st.integers(0, 9), min_size=1, max_size=3)  # so that a loss often comes at the worst moment
_side_by_side = st.sampled_from([(_WRITE, _REMEMBER), (_REMEMBER, _WRITE), (_REMEMBER, _WRITE, _REMEMBER)])
_neo4j_before_redis = st.sampled_from([(_WRITE, _REMEMBER), (_REMEMBER, _WRITE, _REMEMBER)])


class World:
    """One tenant."""

    def __init__(self, contexts: Contexts, redis: Redis) -> None:
        self.tenant = any_tenant()
        self._neo4j: set[PastDecision] = set()
        self._contexts = contexts
        self._redis = redis

    @property
    def newest(self) -> tuple[PastDecision, ...]:
        in_order = sorted(self._neo4j, key=lambda past: (past.decided_at_ms, past.allocation_id))
        return tuple(in_order[-WINDOW_SIZE:])

    async def writes(self, past: PastDecision, order: tuple[str, ...]) -> _Steps:
        for step in order:
            if step == _WRITE:
                self._neo4j.add(past)
            else:
                await self._contexts.remember(self.tenant, past)
            yield

    async def reads(self) -> _Steps:
        if await self._contexts.read(self.tenant):
            return
        yield
        seen = ContextWindow(self.tenant, self.newest)
        yield
        await self._contexts.fill(seen)

    async def loses_all(self) -> _Steps:
        keys = await self._redis.keys(f"*{self.tenant}*")
        if keys:
            await self._redis.delete(*keys)
        yield

    async def loses_the_window(self) -> _Steps:
        await self._redis.delete(f"context:{self.tenant}")
        yield

    async def agrees(self) -> None:
        held = await self._contexts.read(self.tenant)
        if held is None:
            async for _ in self.reads():
                pass
            held = await self._contexts.read(self.tenant)
            assert held
        assert held.decisions == self.newest


async def _interleave(actors: list[_Steps], data: st.DataObject) -> None:
    while actors:
        actor = data.draw(st.sampled_from(actors), label="next")
        if await anext(actor, StopAsyncIteration) is StopAsyncIteration:
            actors.remove(actor)


def _past(number: int, offset_ms: int) -> PastDecision:
    return PastDecision(f"a-{number:02}", NOW_MS + offset_ms, "t4", 1, 1, "low", False, "approved", 1)


def _check(
    stack: RunningStack,
    all_times: st.SearchStrategy[list[int]],
    orders: st.SearchStrategy[tuple[str, ...]],
    losses: Callable[[World], _Steps],
) -> None:
    with asyncio.Runner() as runner:

        async def connect() -> tuple[Contexts, Redis]:
            uri = stack.catalogue.service("redis").uri
            return Contexts(uri, ttl_s=100, timeout_s=10), Redis.from_url(uri)

        contexts, redis = runner.run(connect())

        @settings(max_examples=_EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
        @given(all_times, st.integers(1, 4), st.integers(0, 2), st.data())
        def check(times: list[int], readers: int, lost: int, data: st.DataObject) -> None:
            world = World(contexts, redis)
            actors = [world.writes(_past(n, at), data.draw(orders, label="order")) for n, at in enumerate(times)]
            actors += [world.reads() for _ in range(readers)]
            actors += [losses(world) for _ in range(lost)]
            runner.run(_interleave(actors, data))
            runner.run(world.agrees())

        try:
            check()
        finally:
            runner.run(_close(contexts.close, redis.aclose))


async def _close(*closings: Callable[[], Awaitable[None]]) -> None:
    for close in closings:
        await close()


def test_neo4j_and_redis_may_be_written_side_by_side_and_windows_may_vanish(stack: RunningStack):
    _check(stack, _many, _side_by_side, World.loses_the_window)


def test_redis_may_lose_everything_when_it_is_told_after_neo4j(stack: RunningStack):
    _check(stack, _few, _neo4j_before_redis, World.loses_all)
