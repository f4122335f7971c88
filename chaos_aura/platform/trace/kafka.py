"""What Kafka holds of a request: its events, each with its partition and offset."""

import time
from collections.abc import Mapping
from typing import Any

from chaos_aura.platform.events.codec import Unreadable, from_bytes
from chaos_aura.platform.events.kafka_client import KafkaConsumer, TopicPartition, connection_settings, constructed
from chaos_aura.platform.events.topics import EVENTS
from chaos_aura.platform.trace.answer import Answer, AnswerState, found, nothing

_MARGIN_MS = 600_000  # an event's time is that of its producer's clock
_POLL_MS = 200
_AT_ONCE = 5000
_MS = 1000


def ask_kafka(address: str, request_id: str, since_ms: int, within_s: float) -> Answer:
    """Blocks. Joins no group and commits nothing. What time does not allow to search is told."""
    until_s = time.monotonic() + within_s
    settings = connection_settings(address, within_s)
    consumer = constructed(
        KafkaConsumer, **settings, enable_auto_commit=False, max_poll_records=_AT_ONCE, fetch_max_wait_ms=_POLL_MS
    )
    try:
        numbers = consumer.partitions_for_topic(EVENTS)
        if not numbers:
            return nothing(f"no topic {EVENTS}")
        partitions = [TopicPartition(EVENTS, number) for number in sorted(numbers)]
        consumer.assign(partitions)
        return _search(consumer, partitions, request_id, since_ms, until_s)
    finally:
        consumer.close(autocommit=False)


def _search(consumer: Any, partitions: list[Any], request_id: str, since_ms: int, until_s: float) -> Answer:
    """From where it must have begun; and should a clock have been wrong, from the beginning."""
    ends: Mapping[Any, int] = consumer.end_offsets(partitions)
    events: list[dict[str, object]] = []
    for begin_ms in sorted({0, max(0, since_ms - _MARGIN_MS)}, reverse=True):
        _seek(consumer, partitions, begin_ms)
        events = _read(consumer, ends, request_id, until_s)
        if events:
            break
    unread = _unread(consumer, ends)
    short = f"{unread} messages could not be searched in time" if unread else ""
    if events:
        return found({"events": events}, short)
    return Answer(AnswerState.AWAY, short) if unread else nothing("no events")


def _seek(consumer: Any, partitions: list[Any], begin_ms: int) -> None:
    if begin_ms == 0:
        consumer.seek_to_beginning(*partitions)
        return
    since = consumer.offsets_for_times(dict.fromkeys(partitions, begin_ms))
    for partition in partitions:
        if first := since.get(partition):
            consumer.seek(partition, first.offset)
        else:
            consumer.seek_to_end(partition)


def _read(consumer: Any, ends: Mapping[Any, int], request_id: str, until_s: float) -> list[dict[str, object]]:
    key, events = request_id.encode("utf-8"), []
    while _unread(consumer, ends) and time.monotonic() < until_s:
        for messages in consumer.poll(timeout_ms=_POLL_MS).values():
            events += [_event_of(message) for message in messages if message.key == key]
    return events


def _unread(consumer: Any, ends: Mapping[Any, int]) -> int:
    return sum(max(0, end - consumer.position(partition)) for partition, end in ends.items())


def _event_of(message: Any) -> dict[str, object]:
    place = {"partition": message.partition, "offset": message.offset, "written_at_ms": message.timestamp}
    try:
        event = from_bytes(message.value)
    except Unreadable as unreadable:
        return {"kind": "unreadable", **place, "why": str(unreadable)}
    return {"kind": event.kind.value, "event_id": event.event_id, "tenant": event.tenant, "at_ms": event.at_ms, **place}
