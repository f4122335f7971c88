"""What cannot be read goes to a topic of its own, whole and with the reason, so that somebody can look at it."""

import base64
from collections.abc import Mapping

import orjson

from chaos_aura.platform.events.codec import Unreadable
from chaos_aura.platform.events.kafka_client import MessageSizeTooLargeError
from chaos_aura.platform.events.producer import Message, Producer
from chaos_aura.platform.events.topics import DEAD_LETTERS, EVENTS
from chaos_aura.platform.projection.reader import Record


class DeadLetters:
    """After a crash one may be written twice: it says where its message lies, which is its identity."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer

    async def write(self, partition: int, record: Record, why: Unreadable) -> None:
        """Returns when it is acknowledged; KafkaError otherwise."""
        told = _letter(partition, record, why)
        try:
            await self._send(told)
        except MessageSizeTooLargeError:
            # A topic that somebody else has made may allow no more: better a letter without its message than none.
            await self._send({**told, "value": None, "value_left_out": True})

    async def _send(self, told: Mapping[str, object]) -> None:
        reason = str(told["reason"]).encode()
        source = f"{told['topic']}/{told['partition']}/{told['offset']}".encode()
        headers = (("reason", reason), ("source", source))
        await self._producer.send(Message(DEAD_LETTERS, orjson.dumps(told), source, headers))


def _letter(partition: int, record: Record, why: Unreadable) -> dict[str, object]:
    """Sample: {"reason": "not_json", "detail": "...", "topic": "...", "partition": 3, "offset": 17, "key": ..., ...}"""
    return {
        "reason": why.reason,
        "detail": why.detail,
        "topic": EVENTS,
        "partition": partition,
        "offset": record.offset,
        "key": _base64(record.key),
        "value": _base64(record.value),
        "value_bytes": len(record.value or b""),
    }


def _base64(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode("ascii")
