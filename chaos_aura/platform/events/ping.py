"""Is Kafka there, and do the topics have their leaders? One question on a connection of its own."""

import asyncio
import struct

from chaos_aura.platform.events.kafka_client import KafkaError, KafkaTimeoutError, MetadataRequest, MetadataResponse
from chaos_aura.platform.events.topics import EVENTS

_VERSION = 12  # of the question: brokers from 2.8 to 4.3 know it
_SIZE = struct.Struct(">i")
_LARGEST_ANSWER = 1024 * 1024


async def ping(address: str, timeout_s: float) -> None:
    """KafkaError when it is away, silent, or without a leader for a partition of the events."""
    try:
        async with asyncio.timeout(timeout_s):
            await _ask(address)
    except TimeoutError as cause:
        raise KafkaTimeoutError(f"no answer within {timeout_s:g} s") from cause
    except (OSError, EOFError, struct.error, ValueError) as cause:
        raise KafkaError(f"cannot be asked: {type(cause).__name__}: {cause}") from cause


async def _ask(address: str) -> None:
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(_question())
        (size,) = _SIZE.unpack(await reader.readexactly(_SIZE.size))
        if not 0 < size <= _LARGEST_ANSWER:
            raise KafkaError(f"an answer of {size} bytes")
        _require_leaders(MetadataResponse.decode(await reader.readexactly(size), version=_VERSION, header=True))
    finally:
        writer.close()


def _question() -> bytes:
    topic = MetadataRequest.MetadataRequestTopic(name=EVENTS)
    request = MetadataRequest(topics=[topic], allow_auto_topic_creation=False, version=_VERSION)
    request.with_header(correlation_id=1, client_id="platform-ping")
    return bytes(request.encode(header=True, framed=True))


def _require_leaders(answer: MetadataResponse) -> None:
    (topic,) = answer.topics
    if topic.error_code:
        raise KafkaError(f"topic {EVENTS}: error code {topic.error_code}")
    leaderless = [each.partition_index for each in topic.partitions if each.leader_id < 0]
    if leaderless:
        raise KafkaError(f"topic {EVENTS}: no leader for partitions {leaderless}")
