"""All that a topic holds, up to where it ended when asked."""

from collections.abc import Iterator
from typing import Any

from clients import kafka

_WITHIN_S = 120


def records_of(address: str, topic: str) -> Iterator[Any]:
    """kafka-python's."""
    consumer = kafka.KafkaConsumer(bootstrap_servers=address, fetch_max_wait_ms=100, metrics_enabled=False)
    try:
        partitions = [kafka.TopicPartition(topic, each) for each in consumer.partitions_for_topic(topic)]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends = consumer.end_offsets(partitions)
        while any(consumer.position(each) < ends[each] for each in partitions):
            records = consumer.poll(timeout_ms=_WITHIN_S * 1000)
            assert records, f"{topic}: nothing more before its end"
            for each in records.values():
                yield from each
    finally:
        consumer.close()
