"""The loop: read events, dead-letter what cannot be read, apply the rest, tell Kafka how far it is."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress

from chaos_aura.platform.errors import DependencyFailed
from chaos_aura.platform.events.kafka_client import KafkaError
from chaos_aura.platform.guards import Guard
from chaos_aura.platform.observe import metrics
from chaos_aura.platform.observe.logs import get_logger
from chaos_aura.platform.projection.batch import Batch, read_batch
from chaos_aura.platform.projection.dead_letters import DeadLetters
from chaos_aura.platform.projection.ledger import Applied, Ledger
from chaos_aura.platform.projection.reader import EventReader
from chaos_aura.platform.projection.track import Track
from chaos_aura.platform.projection.watchman import Watchman

_POLL_S = 0.2
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.1, 1.0
_COMMIT_EVERY_S = 0.5


class Projector:
    """Goes on by itself after whatever Kafka or Redis do."""

    def __init__(
        self, reader: EventReader, ledger: Ledger, dead_letters: DeadLetters, *, redis: Guard, kafka: Guard
    ) -> None:
        self._reader = reader
        self._ledger = ledger
        self._dead_letters = dead_letters
        self._redis = redis
        self._kafka = kafka
        self.track = Track(ledger, reader, redis, ledger.generation)
        self.watchman = Watchman(reader, self.track, kafka)
        self._committed: dict[int, int] = {}
        self._committed_s = 0.0

    @property
    def partitions(self) -> dict[int, dict[str, int | None]]:
        """Sample: {0: {"position": 1200, "lag": 3}}"""
        lags = self.watchman.lags
        return {each: {"position": at, "lag": lags[each]} for each, at in sorted(self.track.positions.items())}

    async def run(self, ending: asyncio.Event) -> None:
        """Until it is told to end: then the batch that was begun is finished, and committed."""
        wait_s = 0.0
        while not ending.is_set():
            try:
                await self._step()
                wait_s = 0.0
            except (KafkaError, DependencyFailed) as cause:
                wait_s = min(max(_FIRST_WAIT_S, wait_s * 2), _LONGEST_WAIT_S)
                await self._recover(cause)
                with suppress(TimeoutError):
                    await asyncio.wait_for(ending.wait(), wait_s)
        await self._commit()

    async def _step(self) -> None:
        batches = await self._reader.poll(_POLL_S)
        new = await self.track.follow(await self._reader.assignment())
        for partition, records in batches.items():
            if partition not in new and partition in self.track.positions:
                await self._project(read_batch(partition, records))
        if time.monotonic() - self._committed_s >= _COMMIT_EVERY_S:
            await self._commit()
        await self.watchman.look(progressed=bool(batches))

    async def _project(self, batch: Batch) -> None:
        believed = self.track.positions[batch.partition]
        if believed is not None and batch.first < believed:
            await self._go_back(batch.partition, believed)
            return
        for record, why in batch.unreadable:
            await self._kafka.run(lambda: self._dead_letters.write(batch.partition, record, why))  # noqa: B023 - awaited here
            metrics.dead_letters_total.labels(reason=why.reason).inc()
        outcome = await self.track.apply(batch)
        if isinstance(outcome, Applied):
            _count({"applied": outcome.applied, "duplicate": outcome.duplicates, "unreadable": len(batch.unreadable)})
        else:
            get_logger().warning("usage stands elsewhere", partition=batch.partition, why=outcome.why)

    async def _go_back(self, partition: int, believed: int) -> None:
        """Kafka gave events from before the position: either it has lost what was there, or it lost its way."""
        ends = await self._reader.ends()
        if ends.get(partition, believed) < believed:
            get_logger().error("kafka has lost events: usage begins anew", partition=partition, position=believed)
            await self._redis.run(lambda: self._ledger.renew(self.track.generation))
        self.track.forget()

    async def _commit(self) -> None:
        due = {each: at for each, at in self.track.positions.items() if at is not None}
        due = {each: at for each, at in due.items() if self._committed.get(each) != at}
        self._committed_s = time.monotonic()
        if due:
            try:
                await self._reader.commit(due)
            except KafkaError as cause:
                get_logger().warning("positions are not told to kafka", cause=str(cause))
            else:
                self._committed |= due

    async def _recover(self, cause: KafkaError | DependencyFailed) -> None:
        """What was read and not applied is read again; a consumer that failed is of no use any more."""
        get_logger().warning("waits", cause=str(cause))
        self.track.forget()
        if isinstance(cause, KafkaError):
            await self._reader.disconnect()


def _count(outcomes: Mapping[str, int]) -> None:
    for outcome, count in outcomes.items():
        if count:
            metrics.projection_events_total.labels(outcome=outcome).inc(count)
