"""The one place that imports kafka-python, because importing it needs care."""

import logging
import warnings
from collections.abc import Callable
from typing import Any

with warnings.catch_warnings():
    # On import it reads its schemas with functions that Python 3.12 deprecates.
    warnings.filterwarnings("ignore", r"(read|open)_text is deprecated", DeprecationWarning)
    from kafka import KafkaConsumer, KafkaProducer, TopicPartition  # type: ignore[import-untyped]
    from kafka.admin import KafkaAdminClient, MemberToRemove  # type: ignore[import-untyped]
    from kafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError, TopicAlreadyExistsError  # type: ignore[import-untyped]
    from kafka.net.compat import KafkaNetClient  # type: ignore[import-untyped]
    from kafka.protocol.metadata import MetadataRequest, MetadataResponse  # type: ignore[import-untyped]
    from kafka.structs import OffsetAndMetadata  # type: ignore[import-untyped]

__all__ = [
    "KafkaAdminClient",
    "KafkaConsumer",
    "KafkaError",
    "KafkaProducer",
    "KafkaTimeoutError",
    "MemberToRemove",
    "MessageSizeTooLargeError",
    "MetadataRequest",
    "MetadataResponse",
    "OffsetAndMetadata",
    "TopicAlreadyExistsError",
    "TopicPartition",
    "admin_settings",
    "connection_settings",
    "constructed",
]

# It tells of every refused connection of an outage; whoever calls it tells the outage once, in words of its own.
logging.getLogger("kafka").setLevel(logging.CRITICAL)

_MS = 1000
# Of back-offs: long enough to cost nothing, short enough that whoever waits does not notice that it is back.
_RECONNECT_WITHIN_MS = 500


def connection_settings(address: str, timeout_s: float) -> dict[str, Any]:
    """What producers, consumers and administrators of one address have in common."""
    return {
        "bootstrap_servers": address,
        "bootstrap_timeout_ms": int(timeout_s * _MS),
        "reconnect_backoff_max_ms": _RECONNECT_WITHIN_MS,
        "metrics_enabled": False,
    }


def admin_settings(address: str, timeout_s: float) -> dict[str, Any]:
    """The same for an administrator, who has other settings."""
    settings = connection_settings(address, timeout_s) | {"request_timeout_ms": int(timeout_s * _MS)}
    del settings["metrics_enabled"]
    return settings


def constructed[C](kind: Callable[..., C], **settings: Any) -> C:
    """A client of this kind. A constructor of kafka-python that fails leaves its sockets open: they are closed here."""
    opened: list[KafkaNetClient] = []

    def opening(**given: Any) -> KafkaNetClient:
        opened.append(KafkaNetClient(**given))
        return opened[-1]

    try:
        return kind(kafka_client=opening, **settings)
    except BaseException:
        for client in opened:
            client.close()
        raise
