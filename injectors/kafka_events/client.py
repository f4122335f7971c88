"""The one module that imports kafka-python, whose clients are made for one question, and closed."""

import logging
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

with warnings.catch_warnings():
    # On import it reads its schemas with functions that Python 3.12 deprecates.
    warnings.filterwarnings("ignore", r"(read|open)_text is deprecated", DeprecationWarning)
    from kafka import KafkaConsumer, KafkaProducer, TopicPartition  # type: ignore[import-untyped]
    from kafka.admin import KafkaAdminClient  # type: ignore[import-untyped]
    from kafka.errors import KafkaError  # type: ignore[import-untyped]
    from kafka.net.compat import KafkaNetClient  # type: ignore[import-untyped]
    from kafka.structs import OffsetAndMetadata  # type: ignore[import-untyped]

__all__ = [
    "KafkaError", "Message", "ReadsTooLong", "Record", "committed", "has_members", "put", "put_behind", "reading",
]  # fmt: skip

# It tells of every refused connection; whoever calls it tells of one that failed, in words of its own.
logging.getLogger("kafka").setLevel(logging.CRITICAL)

_ANSWERS_WITHIN_MS = 2000
_DELIVERS_WITHIN_MS = 3000
_CLOSES_WITHIN_S = 1.0
_MS = 1000
_LARGEST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Message:
    partition: int
    key: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Record:
    partition: int
    offset: int
    at_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class ReadsTooLong(KafkaError):  # type: ignore[misc]
    """What was not read is unknown."""


class Reading:
    """Of one topic, by no group."""

    def __init__(self, consumer: Any, topic: str) -> None:
        self._consumer = consumer
        self._topic = topic
        self._partitions = [TopicPartition(topic, each) for each in sorted(consumer.partitions_for_topic(topic) or ())]
        consumer.assign(self._partitions)

    def ends(self) -> dict[int, int]:
        """For each partition the offset that its next record will have. Empty when there is no such topic."""
        return self._offsets(self._consumer.end_offsets)

    def firsts(self) -> dict[int, int]:
        """For each partition the offset of the first record that is left."""
        return self._offsets(self._consumer.beginning_offsets)

    def from_to(self, starts: Mapping[int, int], ends: Mapping[int, int], within_s: float) -> Iterator[Record]:
        """A start before the first record that is left begins with that one. ReadsTooLong after a time."""
        firsts = self.firsts()
        for each in self._partitions:
            self._consumer.seek(each, max(starts[each.partition], firsts[each.partition]))
        until_s = time.monotonic() + within_s
        while self._is_before(ends):
            for records in self._consumer.poll(timeout_ms=200).values():
                yield from (_record(each) for each in records if each.offset < ends[each.partition])
            if time.monotonic() > until_s and self._is_before(ends):
                raise ReadsTooLong(f"topic {self._topic} could not be read to its end within {within_s:g} s")

    def _is_before(self, ends: Mapping[int, int]) -> bool:
        return any(self._position(each) < ends[each.partition] for each in self._partitions)

    def _offsets(self, ask: Callable[..., Mapping[Any, int]]) -> dict[int, int]:
        if not self._partitions:
            return {}
        return {each.partition: at for each, at in ask(self._partitions, timeout_ms=_ANSWERS_WITHIN_MS).items()}

    def _position(self, partition: Any) -> int:
        return int(self._consumer.position(partition, timeout_ms=_ANSWERS_WITHIN_MS) or 0)


@contextmanager
def reading(address: str, topic: str) -> Iterator[Reading]:
    settings = {"enable_auto_commit": False, "allow_auto_create_topics": False, "fetch_max_wait_ms": 100}
    with _made(KafkaConsumer, address, metrics_enabled=False, **settings) as consumer:
        try:
            yield Reading(consumer, topic)
        finally:
            consumer.close(autocommit=False, timeout_ms=_ANSWERS_WITHIN_MS)


def put(address: str, topic: str, messages: Sequence[Message], header: tuple[str, bytes]) -> None:
    """In this order. Returns when all are acknowledged by all that have to."""
    settings = {
        "acks": "all",
        "enable_idempotence": False,
        "max_in_flight_requests_per_connection": 1,
        "retries": 0,
        "delivery_timeout_ms": _DELIVERS_WITHIN_MS,
        "max_block_ms": _ANSWERS_WITHIN_MS,
        "max_request_size": _LARGEST_BYTES,
        "allow_auto_create_topics": False,
        "metrics_enabled": False,
    }
    with _made(KafkaProducer, address, **settings) as producer:
        try:
            sent = [producer.send(topic, each.value, each.key or None, [header], each.partition) for each in messages]
            until_s = time.monotonic() + _DELIVERS_WITHIN_MS / _MS
            for each in sent:
                each.get(timeout=max(0.0, until_s - time.monotonic()))
        finally:
            producer.close(timeout=_CLOSES_WITHIN_S)


def committed(address: str, topic: str, always: str) -> dict[str, dict[int, int]]:
    """How far each group has come that has committed anything of the topic; `always` also when it has not."""
    with _made(KafkaAdminClient, address) as admin:
        try:
            groups = [str(_named(each)) for each in admin.list_groups()]
            told = admin.list_group_offsets(groups) if groups else {}
        finally:
            admin.close()
    found = {group: _of_topic(offsets, topic) for group, offsets in told.items()}
    return {group: offsets for group, offsets in found.items() if offsets or group == always}


def has_members(address: str, group: str) -> bool:
    with _made(KafkaAdminClient, address) as admin:
        try:
            return bool(admin.describe_groups([group])[group]["members"])
        finally:
            admin.close()


def put_behind(address: str, topic: str, group: str, offsets: Mapping[int, int]) -> None:
    """Where it has not come so far by itself. Kafka refuses it of a group that has members."""
    at = committed(address, topic, group).get(group, {})
    ahead = {
        TopicPartition(topic, each): OffsetAndMetadata(offset + 1, "", -1)
        for each, offset in offsets.items()
        if at.get(each, 0) <= offset
    }
    with _made(KafkaAdminClient, address) as admin:
        try:
            told = admin.alter_group_offsets(group, ahead)
        finally:
            admin.close()
    if refused := sorted({each.__name__ for each in told.values() if each.errno}):
        raise KafkaError(f"group {group} could not be put behind them ({', '.join(refused)})")


def _named(group: Any) -> Any:
    return group["group_id"] if isinstance(group, dict) else group[0]


def _of_topic(offsets: Mapping[Any, Any], topic: str) -> dict[int, int]:
    return {each.partition: at.offset for each, at in offsets.items() if each.topic == topic and at.offset >= 0}


def _record(each: Any) -> Record:
    return Record(
        each.partition,
        each.offset,
        each.timestamp,
        each.key,
        each.value,
        tuple((name, data) for name, data in each.headers),
    )


@contextmanager
def _made(kind: Callable[..., Any], address: str, **settings: Any) -> Iterator[Any]:
    """A constructor of kafka-python that fails leaves its sockets open: they are closed here.

    The border to it: after a cut it fails in many ways, each of which means that Kafka could not be asked.
    """
    opened: list[Any] = []

    def opening(**given: Any) -> Any:
        opened.append(KafkaNetClient(**given))
        return opened[-1]

    try:
        yield kind(
            kafka_client=opening,
            bootstrap_servers=address,
            bootstrap_timeout_ms=_ANSWERS_WITHIN_MS,
            request_timeout_ms=_ANSWERS_WITHIN_MS,
            reconnect_backoff_max_ms=100,
            **settings,
        )
    except (AttributeError, IndexError, OSError, RuntimeError, TypeError, ValueError) as cause:
        raise KafkaError(f"{type(cause).__name__}: {cause}") from cause
    finally:
        _close(opened)


def _close(opened: Iterable[Any]) -> None:
    for client in opened:
        client.close()
