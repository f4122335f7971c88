"""Every way in which a round trip can end, with a server that ends it so."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from chaos_aura.core.address import Address, on_loopback
from chaos_aura.core.errors import MachineLacks
from injectors.toxiproxy.exchange import Exchange, Outcome, Question
from injectors.toxiproxy.greetings.redis import Redis

ANSWER_MS, PART_MS, SILENCE_MS = 30_000.0, 5000.0, 50.0  # what comes may come late on a busy machine
ASKED = Question(Redis(), 4, ANSWER_MS)
IN_VAIN = Question(Redis(), 4, SILENCE_MS)
PARTLY_IN_VAIN = Question(Redis(), 4, PART_MS)
WHOLE = b"$4\r\nxxxx\r\n"


@contextmanager
def server(treat: Callable[[socket.socket, threading.Event], None]) -> Iterator[Address]:
    """Of one connection, which is treated so when the question has come; it stays open until the test is over."""
    over = threading.Event()

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(1024)
            treat(connection, over)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield on_loopback(listening.getsockname()[1])
        finally:
            over.set()
            thread.join()


def answers(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(WHOLE)
    over.wait()


def answers_and_closes(connection: socket.socket, _: threading.Event) -> None:
    connection.sendall(WHOLE)


def begins(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(WHOLE[:3])
    over.wait()


def breaks_off(connection: socket.socket, _: threading.Event) -> None:
    connection.sendall(WHOLE[:3])


def resets(connection: socket.socket, _: threading.Event) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def is_silent(_: socket.socket, over: threading.Event) -> None:
    over.wait()


@pytest.mark.parametrize(
    ("treat", "asked", "told", "words"),
    [
        (answers, ASKED, (Outcome.ANSWERED, 10), "answer after "),
        (begins, PARTLY_IN_VAIN, (Outcome.SILENT, 3), "no whole answer within 5000.0 ms (3 bytes)"),
        (is_silent, IN_VAIN, (Outcome.SILENT, 0), "no answer within 50.0 ms"),
        (breaks_off, ASKED, (Outcome.ENDED, 3), "connection ended after "),
        (resets, ASKED, (Outcome.RESET, 0), "connection reset after "),
    ],
)
def test_each_end_is_told(
    treat: Callable[[socket.socket, threading.Event], None], asked: Question, told: tuple[Outcome, int], words: str
) -> None:
    with server(treat) as address:
        exchange = asked.ask(address)
    assert (exchange.outcome, exchange.received) == told
    assert str(exchange).startswith(words)


def test_nobody_listens() -> None:
    with socket.socket() as taken:  # so that nobody else can listen there
        taken.bind(("127.0.0.1", 0))
        assert ASKED.ask(on_loopback(taken.getsockname()[1])) == Exchange(Outcome.REFUSED, 0.0, 0)


def test_an_end_that_comes_and_one_that_does_not() -> None:
    ending = replace(ASKED, end_within_ms=ANSWER_MS)
    with server(answers_and_closes) as address:
        ended = ending.ask(address)
    with server(answers) as address:
        kept = replace(ASKED, end_within_ms=SILENCE_MS).ask(address)
    assert ended.end_ms >= 0
    assert ending.is_satisfied_by(ended)
    assert kept.end_ms == -1
    assert not ending.is_satisfied_by(kept)
    assert ASKED.is_satisfied_by(kept)


def test_what_the_machine_does_not_allow_is_no_sign_of_a_fault() -> None:
    with pytest.raises(MachineLacks, match=r"^255\.255\.255\.255:9: "):
        ASKED.ask(Address("255.255.255.255", 9))
