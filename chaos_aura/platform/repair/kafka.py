"""Which events of a run Kafka holds, read to its end. Blocks. Joins no group and commits nothing."""

import time
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from chaos_aura.platform.errors import DependencyAway
from chaos_aura.platform.events.codec import Unreadable, from_bytes
from chaos_aura.platform.events.kafka_client import KafkaConsumer, TopicPartition, connection_settings, constructed
from chaos_aura.platform.events.topics import EVENTS
from chaos_aura.platform.model import EventKind

_KAFKA = "kafka"
_MARGIN_MS = 600_000  # a message's time is that of its producer's clock
_POLL_MS = 200
_AT_ONCE = 5000
_WITHIN_S = 10.0


class EventsRead:
    """Of one thread at a time. Whatever cannot be read to its end raises: what was not read must not look missing."""

    def __init__(self, address: str, tag: str, since_ms: int) -> None:
        self._address = address
        self._tag = tag.encode()
        self._begin_ms = max(0, since_ms - _MARGIN_MS)
        self._found: dict[str, set[EventKind]] = {}
        self._consumer: Any = None
        self._began: Mapping[Any, int] = {}

    @property
    def kinds(self) -> Mapping[str, AbstractSet[EventKind]]:
        """{"01kb7q9x3m-0": {EventKind.REQUESTED, EventKind.DECIDED}, ...}"""
        return self._found

    def kinds_of(self, allocation_id: str) -> AbstractSet[EventKind]:
        return self._found.get(allocation_id, frozenset())

    def read_on(self, within_s: float) -> None:
        """From when the run began, or from where it was read to, up to where it ends now."""
        until_s = time.monotonic() + within_s
        if self._consumer is None:
            self._open()
        self._read(self._consumer.end_offsets(list(self._began)), until_s)

    def read_before(self, within_s: float) -> None:
        """What lies before the run's beginning: a clock may have been wrong, by an experiment even."""
        until_s, reached = time.monotonic() + within_s, self._positions()
        self._consumer.seek_to_beginning(*self._began)
        self._read(self._began, until_s)
        self._began = self._consumer.beginning_offsets(list(self._began))
        for partition, offset in reached.items():
            self._consumer.seek(partition, offset)

    def close(self) -> None:
        if self._consumer is not None:
            self._consumer.close(autocommit=False)

    def _open(self) -> None:
        """From the earliest where a position is gone: from the latest it would pass over what it has to find."""
        consumer = constructed(
            KafkaConsumer,
            **connection_settings(self._address, _WITHIN_S),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_poll_records=_AT_ONCE,
            fetch_max_wait_ms=_POLL_MS,
        )
        self._consumer = consumer
        numbers = consumer.partitions_for_topic(EVENTS)
        if not numbers:
            raise DependencyAway(_KAFKA, f"has no topic {EVENTS}")
        partitions = [TopicPartition(EVENTS, number) for number in sorted(numbers)]
        consumer.assign(partitions)
        ends = consumer.end_offsets(partitions)
        since = consumer.offsets_for_times(dict.fromkeys(partitions, self._begin_ms))
        for partition in partitions:
            first = since.get(partition)
            consumer.seek(partition, first.offset if first else ends[partition])
        self._began = self._positions()

    def _read(self, ends: Mapping[Any, int], until_s: float) -> None:
        while unread := sum(max(0, end - self._consumer.position(each)) for each, end in ends.items()):
            if time.monotonic() > until_s:
                raise DependencyAway(_KAFKA, f"{unread:,} messages could not be read in time")
            for messages in self._consumer.poll(timeout_ms=_POLL_MS).values():
                for message in messages:
                    self._take(message)

    def _take(self, message: Any) -> None:
        """By what the event itself says, for so its readers count it. One that nobody can read tells them nothing."""
        if not (message.key or b"").startswith(self._tag):
            return
        try:
            event = from_bytes(message.value)
        except Unreadable:
            return
        if event.allocation_id.encode() == message.key:
            self._found.setdefault(event.allocation_id, set()).add(event.kind)

    def _positions(self) -> dict[Any, int]:
        return {each: self._consumer.position(each) for each in sorted(self._consumer.assignment())}
