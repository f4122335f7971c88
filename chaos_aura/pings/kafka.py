"""Kafka: the metadata of the cluster and of all its topics, in Kafka's own protocol."""

from collections.abc import Callable
from typing import NamedTuple

from chaos_aura.core.address import Address
from chaos_aura.pings.cursor import Cursor
from chaos_aura.pings.pong import Pong, counted
from chaos_aura.pings.refusal import Garbled, Refused
from chaos_aura.pings.wire import Wire, connected

API_VERSIONS, API_VERSIONS_VERSION = 18, 0
# Brokers from 2.8 to 4.3, the newest there is, answer version 12.
METADATA, METADATA_VERSION = 3, 12
CORRELATION = 1

CLIENT = b"chaos-aura"
ALL_TOPICS, NO_TOPICS = b"\0", b"\1"
NO_CREATION_NO_RIGHTS_NO_TAGS = bytes(3)

type Partition = tuple[int, int]  # its index, its leader's id (below zero: none)


class Metadata(NamedTuple):
    brokers: tuple[Address, ...]
    controller: int
    topics: dict[str, list[Partition]]


def ping(address: Address, timeout_s: float) -> Pong:
    with connected("kafka", address, timeout_s) as wire:
        metadata = _metadata(wire, ALL_TOPICS)
        _require_health(metadata)
        detail = f"{counted(len(metadata.brokers), 'broker')}, {counted(len(metadata.topics), 'topic')}"
        return Pong(wire.elapsed_s, "", detail)


def advertised(address: Address, timeout_s: float) -> tuple[Address, ...]:
    """The brokers' addresses as this listener gives them to its clients, who then connect there."""
    with connected("kafka", address, timeout_s) as wire:
        return _metadata(wire, NO_TOPICS).brokers


def _require_health(metadata: Metadata) -> None:
    if not metadata.brokers:
        raise Refused("no broker is listed")
    if metadata.controller < 0:
        raise Refused("no controller is known")
    for topic, partitions in metadata.topics.items():
        for index, leader in partitions:
            if leader < 0:
                raise Refused(f"partition {index} of topic {topic} has no leader")


def _metadata(wire: Wire, topics: bytes) -> Metadata:
    # A broker hangs up on a version it does not know, without a word: so ask first.
    _require_version(_answer(wire, API_VERSIONS, API_VERSIONS_VERSION, b""))
    flexible_header_end = b"\0"
    body = flexible_header_end + topics + NO_CREATION_NO_RIGHTS_NO_TAGS
    return _metadata_v12(_answer(wire, METADATA, METADATA_VERSION, body))


def _answer(wire: Wire, api: int, version: int, body: bytes) -> Cursor:
    header = b"".join(number.to_bytes(2, "big") for number in (api, version))
    header += CORRELATION.to_bytes(4, "big") + len(CLIENT).to_bytes(2, "big") + CLIENT
    wire.send(len(header + body).to_bytes(4, "big") + header + body)
    answer = Cursor(wire.read_exactly(int.from_bytes(wire.read_exactly(4), "big")))
    if answer.signed(4) != CORRELATION:
        raise Garbled("its answer belongs to another question")
    return answer


def _require_version(answer: Cursor) -> None:
    if code := answer.signed(2):
        raise Refused(f"error code {code} when asked for its versions")
    for _ in range(answer.signed(4)):
        api, oldest, newest = answer.signed(2), answer.signed(2), answer.signed(2)
        if api == METADATA:
            if oldest <= METADATA_VERSION <= newest:
                return
            raise Refused(f"it speaks metadata {oldest} to {newest}, not {METADATA_VERSION}")
    raise Refused("it does not offer metadata")


def _metadata_v12(answer: Cursor) -> Metadata:
    _skip_tags(answer)
    answer.take(4)  # throttle time
    brokers = tuple(_array(answer, _broker))
    _text(answer)  # cluster id
    controller = answer.signed(4)
    topics = dict(_array(answer, _topic))
    _skip_tags(answer)
    return Metadata(brokers, controller, topics)


def _broker(answer: Cursor) -> Address:
    answer.take(4)  # node id
    host, port = _text(answer), answer.signed(4)
    _text(answer)  # rack
    _skip_tags(answer)
    return Address(host, port)


def _topic(answer: Cursor) -> tuple[str, list[Partition]]:
    code, name = answer.signed(2), _text(answer)
    answer.take(16 + 1)  # topic id, whether internal
    partitions = _array(answer, _partition)
    answer.take(4)  # rights
    _skip_tags(answer)
    if code:
        raise Refused(f"error code {code} for topic {name}")
    return name, partitions


def _partition(answer: Cursor) -> Partition:
    answer.take(2)  # error code: what matters of it shows in the leader
    index, leader = answer.signed(4), answer.signed(4)
    answer.take(4)  # leader epoch
    for _ in ("replicas", "in sync", "offline"):
        _array(answer, lambda nodes: nodes.signed(4))
    _skip_tags(answer)
    return index, leader


def _array[Item](answer: Cursor, item: Callable[[Cursor], Item]) -> list[Item]:
    return [item(answer) for _ in range(answer.varint() - 1)]


def _text(answer: Cursor) -> str:
    """Compact and nullable: the length plus one, 0 for null, which reads as empty."""
    size = answer.varint() - 1
    return answer.text(size) if size > 0 else ""


def _skip_tags(answer: Cursor) -> None:
    for _ in range(answer.varint()):
        answer.varint()
        answer.take(answer.varint())
