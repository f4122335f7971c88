"""The platform's topics: what they are called, and how they are made."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from chaos_aura.platform.events.kafka_client import (
    KafkaAdminClient,
    KafkaTimeoutError,
    TopicAlreadyExistsError,
    admin_settings,
    constructed,
)

EVENTS = "allocation.events"  # keyed by allocation id
DEAD_LETTERS = "allocation.dead-letters"
LARGEST_MESSAGE = 4 * 1024 * 1024
_LOOK_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class Layout:
    partitions: int
    configs: Mapping[str, str] = field(default_factory=dict)


TOPICS: Mapping[str, Layout] = MappingProxyType(
    {
        EVENTS: Layout(4),
        # A dead letter holds a whole message in base64, and is so larger than the largest that is allowed elsewhere.
        DEAD_LETTERS: Layout(1, {"max.message.bytes": str(LARGEST_MESSAGE)}),
    }
)


def make_topics(address: str, timeout_s: float) -> None:
    """Blocks until each has its partitions, and these their leaders. KafkaError when it cannot be done in time.

    Where a client that creates whatever it asks for was first, a topic has one partition: it gets the others.
    """
    deadline_s = time.monotonic() + timeout_s
    admin = constructed(KafkaAdminClient, **admin_settings(address, timeout_s))
    try:
        for name, layout in TOPICS.items():
            _create(admin, name, layout, timeout_s)
        while missing := _without_all_partitions(admin):
            if time.monotonic() > deadline_s:
                raise KafkaTimeoutError(f"topics not ready within {timeout_s:g} s: {', '.join(missing)}")
            time.sleep(_LOOK_EVERY_S)
    finally:
        admin.close()


def _create(admin: Any, name: str, layout: Layout, timeout_s: float) -> None:
    wanted = {"num_partitions": layout.partitions, "replication_factor": 1, "configs": dict(layout.configs)}
    try:
        admin.create_topics({name: wanted}, timeout_ms=int(timeout_s * 1000))
    except TopicAlreadyExistsError:
        (found,) = admin.describe_topics([name])
        if 0 < len(found["partitions"]) < layout.partitions:
            admin.create_partitions({name: layout.partitions}, timeout_ms=int(timeout_s * 1000))


def _without_all_partitions(admin: Any) -> list[str]:
    return [
        found["name"]
        for found in admin.describe_topics(list(TOPICS))
        if sum(_has_leader(each) for each in found["partitions"]) < TOPICS[found["name"]].partitions
    ]


def _has_leader(partition: Mapping[str, Any]) -> bool:
    return not partition["error_code"] and partition["leader_id"] >= 0
