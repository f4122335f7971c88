"""Neo4j: beside the official driver on the real server, and the ways in which Bolt says no."""

import pytest
from misbehaving_server import PATIENT_S, MisbehavingServer, says
from neo4j import GraphDatabase
from recorded_answers import BOLT

from chaos_aura.core.errors import PingFailed
from chaos_aura.pings import bolt
from chaos_aura.pings.packstream import Packable, packed_message

HANDSHAKE = bytes((0, 0, 8, 5))
KEEP_ALIVE = bytes(2)


@pytest.mark.live
def test_bolt_against_neo4j(stack) -> None:  # type: ignore[no-untyped-def]
    service = stack.catalogue.service("neo4j")
    pong = bolt.ping(service.address, PATIENT_S)
    with GraphDatabase.driver(service.uri, auth=None) as driver:
        info = driver.get_server_info()
    assert f"Neo4j/{pong.version}" == info.agent
    assert pong.detail.startswith("RETURN 1 over Bolt 5.")


@pytest.mark.live
def test_many_bolt_pings_in_a_row(stack) -> None:  # type: ignore[no-untyped-def]
    address = stack.catalogue.service("neo4j").address
    assert len({bolt.ping(address, PATIENT_S).version for _ in range(30)}) == 1


def chunked(message: bytes) -> bytes:
    return len(message).to_bytes(2, "big") + message + bytes(2)


def message(tag: int, *fields: Packable) -> bytes:
    return chunked(packed_message(tag, *fields))


HELLO = message(bolt.SUCCESS, {"server": "Neo4j/2026.08.1"})
DONE = message(bolt.SUCCESS, {})
OLD_FAILURE = message(bolt.FAILURE, {"code": "Neo.ClientError.Security.Unauthorized", "message": "who are you"})
NEW_FAILURE = message(
    bolt.FAILURE,
    {"neo4j_code": "Neo.TransientError.Database.DatabaseUnavailable", "message": "not up yet", "gql_status": "08N09"},
)
RECORD_OF_2 = chunked(bytes((0xB1, bolt.RECORD, 0x91, 0x02)))


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (bytes(4), "it speaks no Bolt between 5.3 and 5.8"),
        (b"HTTP", "the handshake was answered with b'HTTP'"),
        (bytes((0, 0, 0, 6)), "the handshake was answered with"),
        (HANDSHAKE + HELLO + OLD_FAILURE, "who are you (Neo.ClientError.Security.Unauthorized)"),
        (
            HANDSHAKE + HELLO + DONE + NEW_FAILURE,
            "error: not up yet (Neo.TransientError.Database.DatabaseUnavailable)",
        ),
        (HANDSHAKE + message(bolt.FAILURE), "a failure without a reason"),
        (HANDSHAKE + DONE, "without the server's version"),
        (HANDSHAKE + HELLO + DONE + DONE + DONE, "message 0x70 came where 0x71 should"),
        (HANDSHAKE + HELLO + DONE + DONE + RECORD_OF_2, "RETURN 1 was not answered with 1"),
        (HANDSHAKE + message(bolt.SUCCESS, "text"), "a SUCCESS carries no map"),
        (HANDSHAKE + chunked(b"\x01"), "a message is not a structure"),
    ],
)
def test_answers_that_are_none(answer: bytes, why: str) -> None:
    with MisbehavingServer(says(answer)) as server, pytest.raises(PingFailed) as caught:
        bolt.ping(server.address, PATIENT_S)
    assert why in str(caught.value)


def test_chunks_that_only_keep_the_connection_alive() -> None:
    with MisbehavingServer(says(BOLT[:4] + KEEP_ALIVE * 3 + BOLT[4:])) as server:
        assert bolt.ping(server.address, PATIENT_S).version == "2026.08.1"


def test_a_message_in_several_chunks() -> None:
    first = BOLT[6 : 6 + 0x66]
    pieces = b"\0\x60" + first[:0x60] + b"\0\x06" + first[0x60:] + bytes(2)
    with MisbehavingServer(says(BOLT[:4] + pieces + BOLT[6 + 0x66 + 2 :])) as server:
        assert bolt.ping(server.address, PATIENT_S).version == "2026.08.1"
