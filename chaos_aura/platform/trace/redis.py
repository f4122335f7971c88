"""What Redis holds of a request: its place in its tenant's context window.

Read as it lies there: the platform's own reading of a window takes a lease on a missing one and discards a damaged one,
and whoever only looks must not heal what an experiment has hurt.
"""

from typing import Any, cast

from redis.asyncio import Redis

from chaos_aura.platform.stores.context_members import NotAMember, decision_of
from chaos_aura.platform.stores.context_scripts import MARKER
from chaos_aura.platform.stores.contexts import window_key
from chaos_aura.platform.trace.answer import Answer, found, nothing

_MS = 1000


async def ask_redis(url: str, request_id: str, tenant: str, within_s: float) -> Answer:
    async with Redis.from_url(url, socket_timeout=within_s, socket_connect_timeout=within_s) as client:
        key = window_key(tenant)
        if await client.type(key) not in (b"zset", b"none"):
            return nothing(f"the window of {tenant} is damaged: no sorted set")
        told: list[tuple[bytes, float]] = cast(Any, await client.zrange(key, 0, -1, withscores=True))
        expires_ms = await client.pttl(key)
    if not told:
        return nothing(f"{tenant} has no context window")
    ids = [_id_of(member, score) for member, score in told if not member.startswith(MARKER)]
    if request_id not in ids:
        return nothing(f"not among the {len(ids)} of {tenant}'s context window{_damage(ids)}")
    window = {"tenant": tenant, "place": ids.index(request_id) + 1, "size": len(ids)}
    return found({**window, "expires_in_s": expires_ms / _MS}, _damage(ids).lstrip(", "))


def _id_of(member: bytes, score: float) -> str | None:
    try:
        return decision_of(member, score).allocation_id
    except NotAMember:
        return None


def _damage(ids: list[str | None]) -> str:
    damaged = ids.count(None)
    return f", {damaged} of them damaged" if damaged else ""
