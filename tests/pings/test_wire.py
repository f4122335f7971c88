"""The deadline over several addresses of one name, and names that lead nowhere."""

import socket
import threading
import time

import pytest
from misbehaving_server import PATIENT_S, MisbehavingServer, says

from chaos_aura.core.address import Address
from chaos_aura.core.errors import PingFailed
from chaos_aura.pings.wire import Wire, connected


class Clock:
    """Time as a test tells it."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_a_name_is_tried_at_each_of_its_addresses() -> None:
    with (
        MisbehavingServer(says(b"hello")) as server,
        connected("echo", Address("localhost", server.address.port), PATIENT_S) as wire,
    ):
        assert wire.read_exactly(5) == b"hello"


def test_a_name_without_an_address() -> None:
    too_long_to_be_asked_for = "a" * 300
    with (
        pytest.raises(PingFailed, match=rf"^echo at {too_long_to_be_asked_for}:1: ..+"),
        connected("echo", Address(too_long_to_be_asked_for, 1), 5),
    ):
        pass


def test_no_step_begins_after_the_deadline() -> None:
    clock = Clock()
    wire = Wire(PATIENT_S, clock)
    with MisbehavingServer(says(b"hello, hello")) as server:
        wire.connect(server.address)
        assert wire.read_exactly(5) == b"hello"
        clock.now_s += PATIENT_S
        assert wire.elapsed_s == PATIENT_S
        with pytest.raises(TimeoutError):
            wire.send(b"late")
        with pytest.raises(TimeoutError):
            wire.read_exactly(1_000)
        wire.close()


def test_after_a_late_byte_only_what_is_left_is_waited() -> None:
    clock = Clock()

    def says_one_byte_late(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(1)
        clock.now_s += 29.5
        connection.sendall(b"h")
        over.wait()

    wire = Wire(30, clock)
    started = time.monotonic()
    with MisbehavingServer(says_one_byte_late) as server:
        wire.connect(server.address)
        wire.send(b"?")
        with pytest.raises(TimeoutError):
            wire.read_exactly(2)
        wire.close()
    assert time.monotonic() - started < 15  # a time-out of its own for each byte would end after 30


def test_a_wire_that_is_not_connected() -> None:
    with pytest.raises(OSError, match="not connected"):
        Wire(2).send(b"hello")


def test_a_server_that_does_not_read() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as deaf,
        pytest.raises(PingFailed, match=r"no full answer within 0\.2 s"),
        connected("echo", Address(*deaf.getsockname()), 0.2) as wire,
    ):
        wire.send(bytes(50_000_000))
