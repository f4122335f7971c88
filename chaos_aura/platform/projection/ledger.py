"""Usage in Redis, and how far it has come: effects and position in one step, or neither."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from chaos_aura.platform.projection import scripts
from chaos_aura.platform.projection.effects import Effect
from chaos_aura.platform.projection.keys import (
    BUILDING,
    LIVE,
    NUMBERS,
    generation_of,
    patterns,
    positions_key,
    seen_key,
    usage_key,
)

_REMEMBER_S = 3 * 24 * 3600
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Applied:
    applied: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was changed: Redis has lost data, or somebody else has moved on."""

    why: str


@dataclass(frozen=True, slots=True)
class Place:
    """Of a batch in the events: `believed` is where usage is thought to stand, None for nowhere yet."""

    generation: str
    partition: int
    believed: int | None
    next: int


class Ledger:
    """Raises FAILURES when Redis does not do it."""

    FAILURES: tuple[type[Exception], ...] = (RedisError, OSError)

    def __init__(self, url: str, *, timeout_s: float, pointer: str = LIVE) -> None:
        self._redis: Any = connect(url, timeout_s)
        self._pointer = pointer
        self._scripts = {
            name: self._redis.register_script(getattr(scripts, name)) for name in ("APPLY", "BEGIN", "RENEW", "SWITCH")
        }

    async def generation(self) -> str:
        """The one that counts; a new and empty one when there is none."""
        return str(await self._scripts["BEGIN"](keys=[LIVE, NUMBERS]))

    async def positions(self, generation: str) -> dict[int, int]:
        told = await self._redis.hgetall(positions_key(generation))
        return {int(partition): int(position) for partition, position in told.items()}

    async def apply(self, place: Place, effects: Sequence[Effect]) -> Applied | Refused:
        word, *numbers = await self._scripts["APPLY"](
            keys=[self._pointer, positions_key(place.generation)],
            args=[
                place.generation,
                place.partition,
                "" if place.believed is None else place.believed,
                place.next,
                _REMEMBER_S,
                orjson.dumps([_told(place.generation, effect) for effect in effects]),
            ],
        )
        return Applied(*numbers) if word == "applied" else Refused(f"{word}: {numbers[0]!r}")

    async def renew(self, generation: str) -> None:
        """An empty one in its place; nothing when it does not count any more."""
        await self._scripts["RENEW"](keys=[LIVE, NUMBERS], args=[generation])

    async def start_building(self) -> str:
        """A new generation beside the one that counts. Whoever builds another meanwhile is overtaken."""
        generation = str(await self._redis.incr(NUMBERS))
        await self._redis.set(BUILDING, generation)
        return generation

    async def switch_to(self, generation: str) -> bool:
        """False when somebody else builds by now, or Redis has lost it."""
        return bool(await self._scripts["SWITCH"](keys=[LIVE, BUILDING], args=[generation]))

    async def remove_old(self) -> None:
        """All generations before the one that counts, but for one that is being built."""
        live = int(await self._redis.get(LIVE) or 0)
        building = int(await self._redis.get(BUILDING) or 0)
        for pattern in patterns():
            page = []
            async for key in self._redis.scan_iter(match=pattern, count=_PAGE):
                number = generation_of(key)
                if number is not None and number < live and number != building:
                    page.append(key)
                if len(page) >= _PAGE:
                    await self._redis.unlink(*page)
                    page.clear()
            if page:
                await self._redis.unlink(*page)

    async def close(self) -> None:
        await self._redis.aclose()


def connect(url: str, timeout_s: float) -> Any:
    """Without retries of its own: they are the guard's."""
    return redis.Redis.from_url(
        url,
        decode_responses=True,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), 0),
    )


def _told(generation: str, effect: Effect) -> Sequence[object]:
    return [
        seen_key(generation, effect.allocation_id),
        effect.mark,
        usage_key(generation, effect.tenant),
        _flat(effect.additions),
    ]


def _flat(additions: Mapping[str, int]) -> list[str]:
    """As texts: numbers would become floats on their way through Lua."""
    return [text for field, amount in additions.items() for text in (field, str(amount))]
