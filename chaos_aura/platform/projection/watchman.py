"""Looks once a second whether Kafka and Redis are there and how far behind usage is, also while no events come."""

import time

from chaos_aura.platform.errors import DependencyFailed
from chaos_aura.platform.events.kafka_client import KafkaError
from chaos_aura.platform.guards import BreakerState, Guard
from chaos_aura.platform.projection.reader import EventReader
from chaos_aura.platform.projection.track import Track

_LOOK_EVERY_S = 1.0
_ANSWERS_WITHIN_S = 3.0
_STALLED_S = 10.0


class Watchman:
    """`lag` is None for a partition whose end is not known now."""

    def __init__(self, reader: EventReader, track: Track, kafka: Guard) -> None:
        self._reader = reader
        self._track = track
        self._kafka = kafka
        self._ends: dict[int, int] = {}
        self._looked_s = 0.0
        self._well_s = time.monotonic()

    async def look(self, *, progressed: bool) -> None:
        """KafkaError when nothing has moved for long although it should: the consumer is to be made anew."""
        now_s = time.monotonic()
        if progressed:
            self._well_s = now_s
        if now_s - self._looked_s < _LOOK_EVERY_S:
            return
        self._looked_s = now_s
        await self._look_at_kafka()
        if not await self._track.is_right():
            self._track.forget()

    @property
    def lags(self) -> dict[int, int | None]:
        return {
            partition: self._ends[partition] - (position or 0) if partition in self._ends else None
            for partition, position in self._track.positions.items()
        }

    @property
    def sees_all(self) -> bool:
        """Kafka and our partitions of it are there, as of a moment ago."""
        lags = self.lags
        return self._kafka.state is BreakerState.CLOSED and bool(lags) and None not in lags.values()

    async def _look_at_kafka(self) -> None:
        try:
            self._ends = await self._kafka.run(self._reader.ends, _ANSWERS_WITHIN_S)
        except DependencyFailed:
            self._ends = {}
        if self.sees_all and not any(self.lags.values()):
            self._well_s = time.monotonic()
        elif time.monotonic() - self._well_s > _STALLED_S:
            self._well_s = time.monotonic()
            raise KafkaError(f"nothing has moved for {_STALLED_S:g} s")
