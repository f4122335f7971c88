"""Temporal: against the real server, beside the official client; and the errors a server answers with."""

import asyncio
import gc
import string
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from misbehaving_server import PATIENT_S, MisbehavingServer, says
from real_servers import awaited
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest, GetSystemInfoRequest
from temporalio.client import Client

from chaos_aura.core.address import Address
from chaos_aura.core.errors import PingFailed
from chaos_aura.pings import temporal
from chaos_aura.pings.grpc import asked
from chaos_aura.pings.hpack import packed_headers
from chaos_aura.pings.http2 import DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, RST_STREAM, frame
from chaos_aura.pings.protobuf import short_text
from chaos_aura.pings.wire import connected

CLIENT_THREADS_END_S = 0.05


@dataclass
class OfficialClient:
    """Each question on a client of its own, dropped before its threads could outlive the interpreter."""

    address: Address

    def ask[Result](self, question: Callable[[Client], Coroutine[Any, Any, Result]]) -> Result:
        async def session() -> Result:
            return await question(await Client.connect(str(self.address)))

        try:
            return asyncio.run(session())
        finally:
            gc.collect()
            time.sleep(CLIENT_THREADS_END_S)


@pytest.fixture
def official(temporal_address: Address) -> OfficialClient:
    return OfficialClient(temporal_address)


@pytest.fixture
def start_workflows(official: OfficialClient) -> Iterator[Callable[[int], None]]:
    """Nobody works on them; they are ended again, and gone from the list, when the test is over."""
    ids: list[str] = []

    def start(count: int) -> None:
        async def begin(client: Client) -> None:
            for _ in range(count):
                ids.append(f"pinged-{len(ids)}")
                await client.start_workflow("Nobody", id=ids[-1], task_queue="nobody")

        official.ask(begin)

    yield start

    async def remove(client: Client) -> None:
        for name in ids:
            await client.workflow_service.delete_workflow_execution(
                DeleteWorkflowExecutionRequest(
                    namespace="default", workflow_execution=WorkflowExecution(workflow_id=name)
                )
            )

    official.ask(remove)
    awaited(lambda: expect(official.address, "0 workflows"))


def expect(address: Address, detail: str) -> None:
    assert temporal.ping(address, PATIENT_S).detail == detail


@pytest.mark.live
def test_it_tells_the_version_that_the_official_client_tells(official: OfficialClient) -> None:
    info = official.ask(lambda client: client.workflow_service.get_system_info(GetSystemInfoRequest()))
    assert temporal.ping(official.address, PATIENT_S).version == info.server_version != ""


@pytest.mark.live
def test_it_counts_what_the_official_client_counts(
    official: OfficialClient, start_workflows: Callable[[int], None]
) -> None:
    async def count(client: Client) -> int:
        return (await client.count_workflows()).count

    start_workflows(3)
    awaited(lambda: expect(official.address, "3 workflows"))
    assert official.ask(count) == 3


@pytest.mark.live
def test_it_counts_one_page_only(official: OfficialClient, start_workflows: Callable[[int], None]) -> None:
    start_workflows(12)
    awaited(lambda: expect(official.address, "10 or more workflows"))


@pytest.mark.live
def test_many_pings_in_a_row(temporal_address: Address) -> None:
    """The order in which two answers share a connection changes from ping to ping."""
    assert {temporal.ping(temporal_address, PATIENT_S).version for _ in range(50)} == {
        temporal.ping(temporal_address, PATIENT_S).version
    }


def refusal(address: Address, method: str, message: bytes) -> str:
    with pytest.raises(PingFailed) as caught, connected("temporal", address, PATIENT_S) as wire:
        asked(wire, address, temporal.SERVICE, {method: message})
    return caught.value.why


@pytest.mark.live
def test_a_missing_namespace_is_named(temporal_address: Address) -> None:
    why = refusal(temporal_address, temporal.LIST, short_text(1, "nowhere"))
    assert why == ("it answered with an error: Namespace nowhere is not found. (ListWorkflowExecutions, gRPC status 5)")


@pytest.mark.live
def test_every_printable_character_of_an_error_is_read(temporal_address: Address) -> None:
    """Which proves the Huffman code against the encoder of the real server."""
    printable = "".join(sorted(set(string.printable) - set(string.whitespace) - {"/", "%"}))
    assert f"unknown method {printable} for" in refusal(temporal_address, printable, b"")


OPENING = packed_headers([(":status", "200")])
LISTED = b"\0\0\0\0\0"
TOLD = b"\0\0\0\0\x03\x0a\x011"
GOOD = packed_headers([("grpc-status", "0")])


def answer(stream: int, message: bytes, trailers: bytes = GOOD) -> bytes:
    return (
        frame(HEADERS, END_HEADERS, stream, OPENING)
        + frame(DATA, 0, stream, message)
        + frame(HEADERS, END_HEADERS | END_STREAM, stream, trailers)
    )


def trailers_only(stream: int, *headers: tuple[str, str]) -> bytes:
    return frame(HEADERS, END_HEADERS | END_STREAM, stream, packed_headers(headers))


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (
            answer(1, TOLD) + trailers_only(3, ("grpc-status", "14"), ("grpc-message", quote("ö, it is down"))),
            "error: ö, it is down (ListWorkflowExecutions, gRPC status 14)",
        ),
        (answer(3, LISTED) + answer(1, TOLD, packed_headers([("grpc-status", "8")])), "(GetSystemInfo, gRPC status 8)"),
        (answer(1, TOLD) + trailers_only(3, (":status", "404")), "answered without a gRPC status"),
        (answer(1, TOLD) + frame(HEADERS, END_STREAM, 3, GOOD), "its headers come in pieces"),
        (answer(1, TOLD) + frame(RST_STREAM, 0, 3, b"\0\0\0\x07"), "reset the stream with code 7"),
        (frame(GOAWAY, 0, 0, bytes(4) + b"\0\0\0\x0btoo_many_pings"), "closing the connection: too_many_pings"),
        (frame(GOAWAY, 0, 0, bytes(4) + b"\0\0\0\x0b"), "closing the connection: code 11"),
        (answer(1, LISTED) + answer(3, LISTED), "does not tell the server's version"),
        (answer(1, b"\1" + TOLD[1:]) + answer(3, LISTED), "in a compression nobody asked for"),
        (answer(1, TOLD) + answer(3, b"\0\0\0\0\x01\x0b"), "of the unknown kind 3"),
        (answer(1, TOLD) + answer(3, b""), "ends where 1 more bytes should follow"),
        (answer(1, TOLD) + answer(3, LISTED, b"\xbe"), "a table that it may not use"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "a frame of 4740180 bytes"),
    ],
)
def test_answers_that_are_none(sent: bytes, why: str) -> None:
    with MisbehavingServer(says(sent)) as server, pytest.raises(PingFailed) as caught:
        temporal.ping(server.address, PATIENT_S)
    assert why in str(caught.value)


def test_padding_and_priority_are_taken_off() -> None:
    padded = frame(HEADERS, END_HEADERS | 0x8 | 0x20, 3, b"\x02" + bytes(5) + OPENING + bytes(2))
    padded += frame(DATA, 0x8, 3, b"\x03" + LISTED + bytes(3))
    with MisbehavingServer(says(answer(1, TOLD) + padded + trailers_only(3, ("grpc-status", "0")))) as server:
        pong = temporal.ping(server.address, PATIENT_S)
    assert (pong.version, pong.detail) == ("1", "0 workflows")
