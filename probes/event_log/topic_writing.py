"""Records written to a topic, byte for byte, those of one key in order, and counted when they are acknowledged."""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event as Flag
from typing import Any

from chaos_aura.core.errors import BadInput, PingFailed
from chaos_aura.judge.consistency.events import Record
from probes.event_log.reading import Stopped
from probes.kafka_client import KafkaAdminClient, KafkaProducer, TopicAlreadyExistsError, asking, opened

_CONNECTS_WITHIN_MS = 10_000
_ANSWERS_WITHIN_MS = 10_000
_DELIVERS_WITHIN_MS = 20_000
_LARGEST = 4 * 1024 * 1024
_BATCH = 128 * 1024
_MOST_UNDER_WAY = 2_000
_LOOKS_EVERY_S = 0.2
_ACKNOWLEDGED_EVERY_S = 0.002
_CLOSES_WITHIN_S = 1.0
_PARTITIONS = 4
_KNOWN_WITHIN_S = 10.0


class TopicWriting:
    """`written` are acknowledged. After one that failed none is begun."""

    def __init__(self, producer: Any, address: str, topic: str, partitions: int, stop: Flag) -> None:
        self._producer = producer
        self._address = address
        self._topic = topic
        self._partitions = partitions
        self._stop = stop
        self._under_way: deque[Any] = deque()
        self.written = 0

    def write(self, record: Record) -> None:
        """The key decides the partition. What has none stays beside what lay beside it."""
        while len(self._under_way) >= _MOST_UNDER_WAY:
            self._await_one()
        partition = None if record.key is not None else record.partition % self._partitions
        with asking(self._address):
            self._under_way.append(
                self._producer.send(
                    self._topic,
                    value=record.value,
                    key=record.key,
                    partition=partition,
                    timestamp_ms=max(0, record.timestamp_ms),
                )
            )

    def finish(self) -> None:
        """PingFailed when one was not acknowledged in time, Stopped when nobody wants to wait any more."""
        while self._under_way:
            self._await_one()

    def _await_one(self) -> None:
        until_s = time.monotonic() + _DELIVERS_WITHIN_MS / 1000 + 1
        first = self._under_way[0]
        while not first.is_done:
            if self._stop.wait(_ACKNOWLEDGED_EVERY_S):
                raise Stopped
            if time.monotonic() > until_s:
                raise PingFailed(f"kafka at {self._address}", f"acknowledges nothing in {self._topic}")
        self._under_way.popleft()
        with asking(self._address):
            first.get(timeout=0)
        self.written += 1

    def count_acknowledged(self) -> None:
        """Of those under way, as far as is known just now."""
        done = [each for each in self._under_way if each.is_done and each.succeeded()]
        self.written += len(done)
        self._under_way.clear()


@contextmanager
def writing_topic(address: str, topic: str, stop: Flag, *, may_make: bool) -> Iterator[TopicWriting]:
    """BadInput when it is not there, unless it may be made."""
    there = required_partitions(address, topic, may_make=may_make) or _make(address, topic)
    settings = {
        "acks": "all",
        "enable_idempotence": True,  # what is sent again neither doubles nor overtakes
        "bootstrap_timeout_ms": _CONNECTS_WITHIN_MS,
        "request_timeout_ms": _ANSWERS_WITHIN_MS,
        "delivery_timeout_ms": _DELIVERS_WITHIN_MS,
        "max_block_ms": _ANSWERS_WITHIN_MS,
        "max_request_size": _LARGEST,
        "batch_size": _BATCH,
        "linger_ms": 5,
        "allow_auto_create_topics": False,
        "metrics_enabled": False,
    }
    with opened(KafkaProducer, address, **settings) as producer:
        writing = TopicWriting(producer, address, topic, there, stop)
        try:
            yield writing
        finally:
            with suppress(PingFailed), asking(address):
                producer.close(timeout=_CLOSES_WITHIN_S)
            writing.count_acknowledged()


def required_partitions(address: str, topic: str, *, may_make: bool) -> int:
    """0 when it has to be made. BadInput when it may not be."""
    there = _partitions(address, topic)
    if not there and not may_make:
        raise BadInput(topic, "is no topic of this Kafka", "make it first, or add --make-topic")
    return there


def _partitions(address: str, topic: str) -> int:
    with _admin(address) as admin, asking(address):
        if topic not in admin.list_topics():
            return 0
        (found,) = admin.describe_topics([topic])
        return len(found["partitions"])


def _make(address: str, topic: str) -> int:
    # Records keep their times, which may be older than what Kafka would keep.
    configs = {"max.message.bytes": str(_LARGEST), "retention.ms": "-1"}
    wanted = {"num_partitions": _PARTITIONS, "replication_factor": 1, "configs": configs}
    with _admin(address) as admin, asking(address), suppress(TopicAlreadyExistsError):
        admin.create_topics({topic: wanted}, timeout_ms=_ANSWERS_WITHIN_MS)
    until_s = time.monotonic() + _KNOWN_WITHIN_S
    while not (there := _partitions(address, topic)):
        if time.monotonic() > until_s:
            raise PingFailed(f"kafka at {address}", f"topic {topic} was made, and is not there")
        time.sleep(_LOOKS_EVERY_S)
    return there


@contextmanager
def _admin(address: str) -> Iterator[Any]:
    settings = {"bootstrap_timeout_ms": _CONNECTS_WITHIN_MS, "request_timeout_ms": _ANSWERS_WITHIN_MS}
    with opened(KafkaAdminClient, address, **settings) as admin:
        try:
            yield admin
        finally:
            with suppress(PingFailed), asking(address):
                admin.close()
