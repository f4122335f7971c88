"""The context in which the council decides: from Redis, else from Neo4j, else none. It never keeps a tenant waiting."""

import asyncio
from collections.abc import Callable

import structlog

from chaos_aura.platform.errors import DependencyFailed
from chaos_aura.platform.flags import Flags
from chaos_aura.platform.guards import Guard
from chaos_aura.platform.model import ContextWindow
from chaos_aura.platform.stores.contexts import Contexts
from chaos_aura.platform.stores.decisions import Decisions

_DEADLINE_S = 0.4  # for each of the two


class ContextReader:
    """Whatever it reads from Neo4j after a miss is put into Redis in the background."""

    def __init__(
        self,
        contexts: Contexts,
        decisions: Decisions,
        redis_guard: Guard,
        neo4j_guard: Guard,
        flags: Callable[[], Flags],
    ) -> None:
        self._contexts = contexts
        self._decisions = decisions
        self._redis_guard = redis_guard
        self._neo4j_guard = neo4j_guard
        self._flags = flags
        self._fills: set[asyncio.Task[None]] = set()

    async def window_of(self, tenant: str) -> ContextWindow:
        """Empty, from nowhere, when both are away."""
        cached, is_miss = await self._cached(tenant) if self._flags().cache else (None, False)
        if cached:
            return cached
        try:
            window = await self._neo4j_guard.run(lambda: self._decisions.window(tenant), _DEADLINE_S)
        except DependencyFailed as cause:
            structlog.get_logger().warning("context_unread", store="neo4j", tenant=tenant, why=str(cause))
            return ContextWindow(tenant)
        if is_miss:
            self._fill_behind(window)
        return window

    async def close(self) -> None:
        """Fills that are under way end first; they are short."""
        if self._fills:
            await asyncio.wait(self._fills)

    async def _cached(self, tenant: str) -> tuple[ContextWindow | None, bool]:
        """The window, and whether Redis answered that it has none."""
        try:
            window = await self._redis_guard.run(lambda: self._contexts.read(tenant), _DEADLINE_S)
        except DependencyFailed as cause:
            structlog.get_logger().warning("context_unread", store="redis", tenant=tenant, why=str(cause))
            return None, False
        return window, window is None

    def _fill_behind(self, window: ContextWindow) -> None:
        task = asyncio.create_task(self._fill(window))
        self._fills.add(task)
        task.add_done_callback(self._fills.discard)

    async def _fill(self, window: ContextWindow) -> None:
        try:
            await self._redis_guard.run(lambda: self._contexts.fill(window), _DEADLINE_S)
        except Exception as cause:  # noqa: BLE001 - a border: nobody awaits this, and the next miss fills again
            structlog.get_logger().warning("context_unfilled", tenant=window.tenant, why=str(cause))
