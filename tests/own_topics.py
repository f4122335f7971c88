"""Topics of a test's own on the shared Kafka, what is put into them, and events of made-up allocations."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from awaiting import wait_until
from clients import kafka
from topic_records import records_of

_WITHIN_S = 120
_STORY = ("requested", "decided", "granted", "released")
type Pair = tuple[bytes | None, bytes | None]  # key, value


@dataclass(frozen=True)
class OwnTopics:
    """`name` is there, `other` is not yet."""

    name: str
    other: str
    address: str

    def put(self, *pairs: Pair, topic: str = "", at_ms: int | None = None) -> list[Any]:
        """In this order; what Kafka says of each. `at_ms`: the time that they bear."""
        producer = kafka.KafkaProducer(bootstrap_servers=self.address, acks="all", metrics_enabled=False)
        try:
            sent = [producer.send(topic or self.name, value, key, timestamp_ms=at_ms) for key, value in pairs]
            return [each.get(timeout=_WITHIN_S) for each in sent]
        finally:
            producer.close(timeout=_WITHIN_S)

    def holds(self, topic: str) -> list[Pair]:
        return [(each.key, each.value) for each in self.records(topic)]

    def records(self, topic: str) -> Iterator[Any]:
        """kafka-python's."""
        return records_of(self.address, topic)


@contextmanager
def own_topics(address: str, stem: str) -> Iterator[OwnTopics]:
    """Gone afterwards."""
    own = OwnTopics(f"{stem}-one", f"{stem}-other", address)
    admin = kafka.KafkaAdminClient(bootstrap_servers=address)
    try:
        admin.create_topics({own.name: {"num_partitions": 2, "replication_factor": 1}})
        wait_until(lambda: own.name in admin.list_topics(), _WITHIN_S, "the topic is there")
        yield own
        admin.delete_topics(sorted({own.name, own.other} & set(admin.list_topics())))
    finally:
        admin.close()


def told(allocation: str, *places: int) -> list[Pair]:
    """Of a story from its request to its release, the events at these places."""
    return [
        (allocation.encode(), json.dumps(_event(allocation, place), separators=(",", ":")).encode()) for place in places
    ]


def _event(allocation: str, place: int) -> dict[str, Any]:
    kind = f"allocation.{_STORY[place]}"
    names = {"event_id": f"{allocation}:{kind}", "kind": kind, "allocation_id": allocation, "tenant": allocation}
    asked = {"gpu_type": "t4", "count": 1, "hours": 1.0, "priority": "normal", "spot": False}
    return {**names, **asked, "schema_version": 1, "at_ms": 1_795_266_600_000 + place}
