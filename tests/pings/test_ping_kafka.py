"""Kafka: beside the official client on the real broker, and clusters that cannot serve."""

import warnings
from contextlib import closing

import pytest
from misbehaving_server import PATIENT_S, MisbehavingServer, says
from real_servers import awaited
from recorded_answers import KAFKA_METADATA, KAFKA_VERSIONS

from chaos_aura.core.address import Address
from chaos_aura.core.errors import PingFailed
from chaos_aura.pings import kafka
from chaos_aura.pings.pong import counted

with warnings.catch_warnings():
    # The client reads its schemas in a way that Python 3.12 deprecates, and 3.13 does not.
    warnings.simplefilter("ignore", DeprecationWarning)
    from kafka import KafkaAdminClient


@pytest.mark.live
def test_kafka_against_the_broker(stack) -> None:  # type: ignore[no-untyped-def]
    address = stack.catalogue.service("kafka").address
    with closing(KafkaAdminClient(bootstrap_servers=str(address))) as client:

        def agree() -> None:  # once the platform's consumers have made what topics they need
            brokers, topics = len(client.describe_cluster()["brokers"]), len(client.list_topics())
            assert kafka.ping(address, PATIENT_S).detail == f"{counted(brokers, 'broker')}, {counted(topics, 'topic')}"

        awaited(agree)


@pytest.mark.live
def test_a_listener_advertises_its_edge(stack) -> None:  # type: ignore[no-untyped-def]
    for edge in stack.catalogue.edges_into("kafka"):
        assert kafka.advertised(edge.address, PATIENT_S) == (edge.address,)


def test_the_advertised_brokers() -> None:
    with MisbehavingServer(says(KAFKA_VERSIONS + KAFKA_METADATA)) as server:
        assert kafka.advertised(server.address, PATIENT_S) == (Address("127.0.0.1", 22_092),)


def framed(body: bytes, correlation: int = kafka.CORRELATION) -> bytes:
    answer = correlation.to_bytes(4, "big") + body
    return len(answer).to_bytes(4, "big") + answer


def number(value: int, size: int = 4) -> bytes:
    return value.to_bytes(size, "big", signed=True)


def compact(*items: bytes) -> bytes:
    return bytes((len(items) + 1,)) + b"".join(items)


def text(value: str) -> bytes:
    return bytes((len(value) + 1,)) + value.encode()


NO_TAGS = b"\0"
A_TAG = b"\1\x05\2ab"
BROKER = number(1) + text("127.0.0.1") + number(9092) + text("rack") + A_TAG


def partition(index: int, leader: int) -> bytes:
    return number(0, 2) + number(index) + number(leader) + number(0) + compact(number(1)) * 2 + compact() + A_TAG


def topic(name: str, *partitions: bytes, code: int = 0, internal: bool = False) -> bytes:
    head = number(code, 2) + text(name) + bytes(16) + bytes((internal,))
    return head + compact(*partitions) + number(0) + A_TAG


def metadata(*topics: bytes, brokers: tuple[bytes, ...] = (BROKER,), controller: int = 1) -> bytes:
    head = NO_TAGS + number(0) + compact(*brokers) + text("cluster") + number(controller)
    return KAFKA_VERSIONS + framed(head + compact(*topics) + A_TAG)


def versions(oldest: int, newest: int, api: int = kafka.METADATA) -> bytes:
    return framed(number(0, 2) + number(1) + number(api, 2) + number(oldest, 2) + number(newest, 2))


GOOD = partition(0, leader=1)


def test_the_cluster_that_the_bad_ones_vary_is_good() -> None:
    good = metadata(topic("orders", GOOD, partition(1, leader=1)), topic("__offsets", GOOD, internal=True))
    with MisbehavingServer(says(good)) as server:
        assert kafka.ping(server.address, PATIENT_S).detail == "1 broker, 2 topics"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (metadata(brokers=()), "no broker is listed"),
        (metadata(controller=-1), "no controller is known"),
        (metadata(topic("orders", GOOD, partition(1, leader=-1))), "partition 1 of topic orders has no leader"),
        (
            metadata(topic("good", GOOD), topic("__offsets", partition(0, leader=-1), internal=True)),
            "partition 0 of topic __offsets has no leader",
        ),
        (metadata(topic("secret", code=29)), "error code 29 for topic secret"),
        (versions(13, 20), "it speaks metadata 13 to 20, not 12"),
        (versions(0, 11), "it speaks metadata 0 to 11, not 12"),
        (versions(0, 20, api=1), "it does not offer metadata"),
        (framed(number(35, 2)), "error code 35 when asked for its versions"),
        (framed(b"", correlation=7), "belongs to another question"),
        (framed(number(0, 2) + number(2**31 - 1)), "ends where 2 more bytes should follow"),
        (KAFKA_VERSIONS + framed(b"\xff" * 20), "a number without end"),
        (b"HTTP/1.1 400 Bad Request\r\n", "an answer of 1213486160 bytes"),
    ],
)
def test_clusters_that_cannot_serve(answer: bytes, why: str) -> None:
    with MisbehavingServer(says(answer)) as server, pytest.raises(PingFailed) as caught:
        kafka.ping(server.address, PATIENT_S)
    assert why in str(caught.value)
