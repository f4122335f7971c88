"""What has to be there before work makes sense, made again and again until it is; and looks at the pool."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from temporalio.exceptions import TemporalError

from chaos_aura.platform.errors import PlatformError
from chaos_aura.platform.events.publisher import Publisher
from chaos_aura.platform.observe import metrics
from chaos_aura.platform.observe.logs import get_logger
from chaos_aura.platform.pool.availability import Availability
from chaos_aura.platform.pool.client import PoolClient
from chaos_aura.platform.settings import Settings
from chaos_aura.platform.stores import decisions
from chaos_aura.platform.worker.orphans import Orphans
from chaos_aura.platform.worker.parts import Parts

_AGAIN_AFTER_S = 0.3
_LOOK_EVERY_S = 2.0
# Left alone, Temporal's client tries for ten seconds.
_LOOK_WITHIN_S = 2.0
_MAKE_POOL_WITHIN_S = 5.0
_SWEEP_EVERY_S = 5.0
_SILENT_AFTER_LOOKS = 2
_OF_STORES = (*decisions.FAILURES, *Publisher.FAILURES)
_FAILURES: tuple[type[Exception], ...] = (TemporalError, PlatformError, TimeoutError, *_OF_STORES)


class Upkeep:
    def __init__(self, settings: Settings, pool: PoolClient, parts: Parts, orphans: Orphans) -> None:
        self._settings = settings
        self._pool = pool
        self._orphans = orphans
        self._to_do: dict[str, Callable[[], Awaitable[None]]] = {
            "pool": self._ensure_pool,
            "schema": parts.decisions.make_schema,
            "topics": parts.publisher.make_topics,
        }
        self.undone = set(self._to_do)
        self.pool_is_there = asyncio.Event()
        self._looks_failed = 0
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def pool_answers(self) -> bool:
        """One look that fails may be chance."""
        return "pool" not in self.undone and self._looks_failed < _SILENT_AFTER_LOOKS

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._do(name, make)) for name, make in self._to_do.items()]
        self._tasks.append(asyncio.create_task(self._watch_pool()))
        self._tasks.append(asyncio.create_task(self._watch_orphans()))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task

    async def _do(self, name: str, make: Callable[[], Awaitable[None]]) -> None:
        told = False
        while name in self.undone:
            try:
                await make()
            except _FAILURES as failed:
                if not told:
                    get_logger().warning("not yet", what=name, why=str(failed) or type(failed).__name__)
                    told = True
                await asyncio.sleep(_AGAIN_AFTER_S)
            else:
                self.undone.discard(name)
                get_logger().info("made", what=name)

    async def _ensure_pool(self) -> None:
        """Up once it has answered: then somebody works for it."""
        async with asyncio.timeout(_MAKE_POOL_WITHIN_S):
            await self._pool.ensure(self._settings.inventory, self._settings.pool_history_limit)
            await self._pool.availability()
        self.pool_is_there.set()

    async def _watch_pool(self) -> None:
        while True:
            try:
                async with asyncio.timeout(_LOOK_WITHIN_S):
                    told = await self._pool.availability()
            except _FAILURES as failed:
                self._looks_failed += 1
                if self._looks_failed == _SILENT_AFTER_LOOKS:
                    get_logger().warning("the pool is silent", why=str(failed) or type(failed).__name__)
                await asyncio.sleep(_AGAIN_AFTER_S)
            else:
                if self._looks_failed >= _SILENT_AFTER_LOOKS:
                    get_logger().info("the pool answers again")
                self._looks_failed = 0
                _show(told)
                await asyncio.sleep(_LOOK_EVERY_S)

    async def _watch_orphans(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_EVERY_S)
            try:
                await self._orphans.sweep()
            except _FAILURES as failed:
                get_logger().debug("not swept", why=str(failed) or type(failed).__name__)


def _show(told: Availability) -> None:
    for gpu_type, total in told.total.items():
        free = told.free_of(gpu_type)
        metrics.pool_free.labels(gpu_type=gpu_type.value).set(free)
        metrics.pool_held.labels(gpu_type=gpu_type.value).set(total - free)
