"""Where usage stands: one generation, and in each partition the position that Redis is believed to hold.

Every belief is tried by the next step in Redis. When one is wrong, all are forgotten, read again, and followed.
"""

from collections.abc import Awaitable, Callable, Iterable

from chaos_aura.platform.guards import Guard
from chaos_aura.platform.projection.batch import Batch
from chaos_aura.platform.projection.ledger import Applied, Ledger, Place, Refused
from chaos_aura.platform.projection.reader import EventReader


class Track:
    """`generation` names the one to follow; it is asked whenever beliefs were wrong."""

    def __init__(
        self, ledger: Ledger, reader: EventReader, guard: Guard, generation: Callable[[], Awaitable[str]]
    ) -> None:
        self._ledger = ledger
        self._reader = reader
        self._guard = guard
        self._named = generation
        self.generation = ""
        self.positions: dict[int, int | None] = {}

    def forget(self) -> None:
        self.generation = ""
        self.positions.clear()

    async def follow(self, partitions: frozenset[int]) -> frozenset[int]:
        """The partitions that are new to it: their messages come again, from where usage stands."""
        for lost in self.positions.keys() - partitions:
            del self.positions[lost]
        new = partitions - self.positions.keys()
        if new:
            await self._adopt(new)
        return new

    async def is_right(self) -> bool:
        """Asks Redis, without changing anything."""
        named = await self._guard.run(self._named)
        stored = await self._guard.run(lambda: self._ledger.positions(named))
        return named == self.generation and all(stored.get(each) == at for each, at in self.positions.items())

    async def apply(self, batch: Batch) -> Applied | Refused:
        believed = self.positions[batch.partition]
        place = Place(self.generation, batch.partition, believed, batch.next)
        outcome = await self._guard.run(lambda: self._ledger.apply(place, batch.effects))
        if isinstance(outcome, Applied):
            self.positions[batch.partition] = batch.next
        else:
            self.forget()
        return outcome

    async def _adopt(self, partitions: Iterable[int]) -> None:
        if not self.generation:
            self.generation = await self._guard.run(self._named)
        stored = await self._guard.run(lambda: self._ledger.positions(self.generation))
        found = {each: stored.get(each) for each in partitions}
        await self._reader.seek(found)
        self.positions.update(found)
