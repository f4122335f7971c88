"""Usage counted anew from all events that Kafka has, beside the usage that counts; then the two change places.

Interrupted at any moment, it leaves the usage that counts as it was. The running projection notices that another
generation counts, and follows it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from chaos_aura.platform.errors import DependencyFailed, PlatformError
from chaos_aura.platform.events.kafka_client import KafkaError
from chaos_aura.platform.guards import Guard
from chaos_aura.platform.observe.logs import get_logger
from chaos_aura.platform.projection.batch import Batch, read_batch
from chaos_aura.platform.projection.ledger import Ledger, Refused
from chaos_aura.platform.projection.reader import EventReader
from chaos_aura.platform.projection.track import Track

_POLL_S = 0.2
_WAIT_S = 0.5


class NotRebuilt(PlatformError):
    """The usage that counts is as it was."""

    def __init__(self, why: str) -> None:
        super().__init__("rebuild", why, "the usage that counts is as it was; run it again")


@dataclass(slots=True)
class Rebuilt:
    generation: str = ""
    applied: int = 0
    duplicates: int = 0
    unreadable: int = 0  # they were dead-lettered when they came first


class Rebuild:
    """`ledger` points to what is being built."""

    def __init__(self, reader: EventReader, ledger: Ledger, *, redis: Guard, ending: asyncio.Event) -> None:
        self._reader = reader
        self._ledger = ledger
        self._redis = redis
        self._ending = ending
        self._rebuilt = Rebuilt()
        self._track = Track(ledger, reader, redis, self._generation)

    async def run(self) -> Rebuilt:
        """Waits for Kafka and Redis where they are away. NotRebuilt when it was overtaken, or told to end."""
        # What came while it read all is read in a second round, so that little is left for the running projection.
        for step in (self._begin, self._read_to_the_end, self._read_to_the_end, self._switch, self._tidy):
            while not await self._done(step):
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._ending.wait(), _WAIT_S)
        return self._rebuilt

    async def _done(self, step: Callable[[], Awaitable[None]]) -> bool:
        """Every step may be repeated after it failed half-way."""
        self._require_time()
        try:
            await step()
        except (KafkaError, DependencyFailed) as cause:
            get_logger().warning("waits", cause=str(cause))
            self._track.forget()
            if isinstance(cause, KafkaError):
                await self._reader.disconnect()
            return False
        return True

    async def _begin(self) -> None:
        self._rebuilt.generation = await self._redis.run(self._ledger.start_building)

    async def _read_to_the_end(self) -> None:
        ends: dict[int, int] = {}
        while not ends or await self._is_before(ends):
            self._require_time()
            batches = await self._reader.poll(_POLL_S)
            new = await self._track.follow(await self._reader.assignment())
            for partition in batches.keys() - new:
                await self._apply(read_batch(partition, batches[partition]))
            ends = ends or await self._reader.ends()

    async def _switch(self) -> None:
        if not await self._redis.run(lambda: self._ledger.switch_to(self._rebuilt.generation)):
            raise NotRebuilt("another one was started meanwhile")

    async def _tidy(self) -> None:
        await self._redis.run(self._ledger.remove_old)

    async def _is_before(self, ends: dict[int, int]) -> bool:
        positions = await self._reader.positions()
        return any(positions.get(partition, -1) < end for partition, end in ends.items())

    async def _apply(self, batch: Batch) -> None:
        outcome = await self._track.apply(batch)
        if isinstance(outcome, Refused):
            raise NotRebuilt(f"Redis stands elsewhere ({outcome.why})")
        self._rebuilt.applied += outcome.applied
        self._rebuilt.duplicates += outcome.duplicates
        self._rebuilt.unreadable += len(batch.unreadable)

    def _require_time(self) -> None:
        if self._ending.is_set():
            raise NotRebuilt("was told to end")

    async def _generation(self) -> str:
        return self._rebuilt.generation
