"""Contexts and usage as they lie in Redis. The platform's own reading of a window takes a lease on a missing one and
discards a damaged one, and whoever only looks must heal nothing."""

import json
from collections.abc import Iterable
from typing import Any, cast

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from chaos_aura.core.address import Address
from chaos_aura.core.errors import PingFailed
from chaos_aura.record.stores import Context, Past

_MARKER = b"window "


class RedisStore:
    """PingFailed when it could not be asked. Of one thread."""

    def __init__(self, address: Address, timeout_s: float) -> None:
        self._address = address
        self._redis = Redis(
            address.host,
            address.port,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            retry=Retry(NoBackoff(), 0),
        )

    def contexts(self, tenants: Iterable[str]) -> dict[str, Context]:
        """Of those that have one which counts: what a Redis wrote before it was killed is as good as lost."""
        try:
            life = cast(Any, self._redis.info("server"))["run_id"].encode()
            return {tenant: found for tenant in tenants if (found := self._context(tenant, life)) is not None}
        except (RedisError, OSError) as cause:
            raise self._failure(cause) from cause

    def usage(self, tenants: Iterable[str]) -> dict[str, dict[str, int]]:
        """In the generation that counts."""
        try:
            generation = (cast(Any, self._redis.get("usage-generation")) or b"").decode()
            return {tenant: told for tenant in tenants if (told := self._usage(generation, tenant))}
        except (RedisError, OSError, ValueError) as cause:
            raise self._failure(cause) from cause

    def close(self) -> None:
        self._redis.close()

    def _context(self, tenant: str, life: bytes) -> Context | None:
        key = f"context:{tenant}"
        kind = cast(Any, self._redis.type(key))
        if kind == b"none":
            return None
        if kind != b"zset":
            return Context(damaged=f"a {kind.decode()} lies there, no sorted set")
        rows = cast(Any, self._redis.zrange(key, 0, -1, withscores=True))
        markers = [member for member, _ in rows if member.startswith(_MARKER)]
        if markers and _MARKER + life not in markers:
            return None
        if rows and not markers:
            return Context(damaged="it has no marker")
        return _context_of([(member, score) for member, score in rows if not member.startswith(_MARKER)])

    def _usage(self, generation: str, tenant: str) -> dict[str, int]:
        told = cast(Any, self._redis.hgetall(f"usage:{generation}:{tenant}"))
        return {name.decode(): int(amount) for name, amount in told.items()}

    def _failure(self, cause: Exception) -> PingFailed:
        return PingFailed(f"redis at {self._address}", " ".join(str(cause).split()) or type(cause).__name__)


def _context_of(rows: Iterable[tuple[bytes, float]]) -> Context:
    try:
        told = [(json.loads(member), score) for member, score in rows]
        past = [Past(str(each["allocation_id"]), int(each["decided_at_ms"]), str(each["outcome"])) for each, _ in told]
    except (ValueError, KeyError, TypeError) as cause:
        return Context(damaged=f"a decision in it cannot be read ({type(cause).__name__})")
    if any(each.decided_at_ms != score for each, (_, score) in zip(past, told, strict=True)):
        return Context(damaged="a decision in it stands at another time than its own")
    return Context(tuple(past))
