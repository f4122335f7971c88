"""Tenants' context windows in Redis. They may vanish at any moment: Neo4j has them all."""

import asyncio
from collections.abc import Awaitable
from typing import Any, Final

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from chaos_aura.platform.model import ContextSource, ContextWindow, PastDecision
from chaos_aura.platform.model.context import WINDOW_SIZE
from chaos_aura.platform.stores import context_scripts
from chaos_aura.platform.stores.context_members import NotAMember, decisions_of, member_of

FAILURES: Final[tuple[type[Exception], ...]] = (RedisError, OSError, TimeoutError)

_CONNECTIONS = 16
_PENDING_TTL_MS = 600_000
_FILL_WITHIN_MS = 5_000
_MS = 1000


class Contexts:
    """`damaged` counts the values found that we did not write so. Nothing is retried here."""

    def __init__(self, url: str, *, ttl_s: int, timeout_s: float) -> None:
        self._ttl_ms = ttl_s * _MS
        self._timeout_s = timeout_s
        self.damaged = 0
        self._redis = Redis.from_pool(_pool(url, timeout_s))
        self._read = self._redis.register_script(context_scripts.READ)
        self._fill = self._redis.register_script(context_scripts.FILL)
        self._remember = self._redis.register_script(context_scripts.REMEMBER)
        self._discard = self._redis.register_script(context_scripts.DISCARD)

    async def read(self, tenant: str) -> ContextWindow | None:
        """None is a miss: then `fill` may follow for a moment. A damaged window is discarded, and a miss."""
        keys = [window_key(tenant), _filling_key(tenant)]
        told, dropped = await self._ask(self._read(keys=keys, args=[_FILL_WITHIN_MS, WINDOW_SIZE + 1]))
        self._count_damaged(tenant, dropped, "is no window")
        if told is None:
            return None
        try:
            return ContextWindow(tenant, decisions_of(told), ContextSource.REDIS)
        except NotAMember as cause:
            self._count_damaged(tenant, 1, str(cause))
        await self._ask(self._discard(keys=_keys(tenant)))
        return None

    async def fill(self, window: ContextWindow) -> None:
        """Does nothing unless a `read` missed it lately, and Redis has lost nothing since."""
        args: list[bytes | int] = [self._ttl_ms, WINDOW_SIZE]
        for past in window.decisions:
            args += (past.decided_at_ms, member_of(past))
        dropped = await self._ask(self._fill(keys=_keys(window.tenant), args=args))
        self._count_damaged(window.tenant, dropped, "is no window")

    async def remember(self, tenant: str, decision: PastDecision) -> None:
        """Idempotent, in any order. To be done (once more) after Neo4j has it, should Redis lose keys meanwhile."""
        limits = (self._ttl_ms, _PENDING_TTL_MS, WINDOW_SIZE)
        args: list[bytes | int] = [*limits, decision.decided_at_ms, member_of(decision)]
        dropped = await self._ask(self._remember(keys=_keys(tenant)[:2], args=args))
        self._count_damaged(tenant, dropped, "is no window")

    async def ping(self) -> None:
        await self._ask(self._redis.ping())

    async def close(self) -> None:
        await self._redis.aclose()

    async def _ask(self, answer: Awaitable[Any]) -> Any:
        async with asyncio.timeout(self._timeout_s):
            return await answer

    def _count_damaged(self, tenant: str, count: int, why: str) -> None:
        if count:
            self.damaged += count
            structlog.get_logger().warning("context_damaged", store="redis", tenant=tenant, why=why)


def window_key(tenant: str) -> str:
    return f"context:{tenant}"


def _filling_key(tenant: str) -> str:
    return f"context-filling:{tenant}"


def _keys(tenant: str) -> list[str]:
    return [window_key(tenant), f"context-pending:{tenant}", _filling_key(tenant)]


def _pool(url: str, timeout_s: float) -> BlockingConnectionPool:
    """With RESP2 and without a name, a new connection asks nothing before its first command."""
    return BlockingConnectionPool.from_url(
        url,
        max_connections=_CONNECTIONS,
        timeout=timeout_s,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        driver_info=None,
    )
