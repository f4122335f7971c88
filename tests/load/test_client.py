"""HTTP over real sockets that misbehave: what came of each call, and whether anything can have arrived."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import pytest
from awaiting import wait_until
from scripted_api import HANG, RESET, Asked, refused, scripted_api

from chaos_aura.core.address import Address
from chaos_aura.load.client import Client

LONG_S = 60.0
SHORT_S = 0.3
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
UNACKNOWLEDGED = {4, 9, 11}  # FIN_WAIT1, LAST_ACK, CLOSING: the first byte of TCP_INFO


@contextmanager
def client_of(url: str) -> Iterator[Client]:
    with closing(Client(Address.parse(url.removeprefix("http://")))) as client:
        yield client


@contextmanager
def saying(*answers: bytes, drips_s: float = 0.0, ended: list[int] | None = None) -> Iterator[tuple[Client, list[int]]]:
    """Each connection is answered all of them, a request each, then closed. Which asked, and which ended, is noted."""
    asked: list[int] = []
    ended = [] if ended is None else ended
    over = threading.Event()
    listening = socket.create_server(("127.0.0.1", 0))

    def serve(connection: socket.socket, nth: int) -> None:
        with connection, suppress(OSError):
            for answer in answers:
                if not connection.recv(65536):
                    return
                asked.append(nth)
                for byte in [answer] if not drips_s else [bytes([each]) for each in answer]:
                    connection.sendall(byte)
                    over.wait(drips_s)
            connection.shutdown(socket.SHUT_WR)
            wait_until(lambda: has_heard_the_end(connection), LONG_S, "the client's system has the end")
            ended.append(nth)

    def accept() -> None:
        nth = 0
        with suppress(OSError):
            while not over.is_set():
                connection, _ = listening.accept()
                threading.Thread(target=serve, args=(connection, nth), daemon=True).start()
                nth += 1

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    client = Client(Address("127.0.0.1", listening.getsockname()[1]))
    try:
        yield client, asked
    finally:
        client.close()
        over.set()
        listening.shutdown(socket.SHUT_RDWR)
        accepting.join()  # before its number may become another's
        listening.close()


def has_heard_the_end(connection: socket.socket) -> bool:
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] not in UNACKNOWLEDGED


def test_what_is_sent_is_what_was_said() -> None:
    with scripted_api() as api, client_of(api.url) as client:
        assert client.ask("POST", "/allocations", LONG_S, {"request_id": "t-1", "count": 2}).status == 201
        assert api.asked == [Asked("POST", "t-1", 1, {"request_id": "t-1", "count": 2})]
        assert client.ask("DELETE", "/allocations/t-1", LONG_S, tenant="t-t1").document == {"state": "released"}
        assert client.ask("DELETE", "/allocations/t-1", LONG_S, tenant="t-t1").reason == "already_released"


def test_a_refusal_tells_its_reason() -> None:
    with scripted_api(lambda asked: refused(503, "overloaded")) as api, client_of(api.url) as client:
        reply = client.ask("GET", "/readyz", LONG_S)
    assert (reply.status, reply.reason, reply.was_sent) == (503, "overloaded", True)


def test_where_nobody_listens_nothing_was_sent() -> None:
    with socket.socket() as held:  # bound, so that nobody else gets the port meanwhile
        held.bind(("127.0.0.1", 0))
        reply = Client(Address(*held.getsockname())).ask("POST", "/allocations", LONG_S, {})
    assert (reply.status, reply.reason, reply.was_sent) == (0, "unreachable", False)


def test_who_does_not_answer_is_given_up() -> None:
    with scripted_api(lambda asked: HANG if asked.method == "POST" else None) as api, client_of(api.url) as client:
        assert client.ask("GET", "/readyz", LONG_S).status == 200  # connected: else it might be given up before it is
        reply = client.ask("POST", "/allocations", SHORT_S, {"request_id": "t-1"})
    assert (reply.status, reply.reason, reply.was_sent) == (0, "timeout", True)


def test_who_answers_byte_by_byte_is_given_up_too() -> None:
    long = GOOD.replace(b": 2", b": 900") + bytes(898)  # for a minute: it has never come whole, however late it is read
    with saying(long, drips_s=0.1) as (client, _):
        assert client.ask("GET", "/", SHORT_S).reason == "timeout"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "reset"),
        (GOOD[:20], "reset"),
        (GOOD[:-1], "garbled"),
        (b"SSH-2.0-x\r\n\r\n", "reset"),
    ],
)
def test_half_an_answer_is_none(answer: bytes, why: str) -> None:
    with saying(answer) as (client, _):
        reply = client.ask("GET", "/", LONG_S)
    assert (reply.status, reply.why, reply.was_sent) == (0, why, True)


def test_a_reset_is_told() -> None:
    with scripted_api(lambda asked: RESET) as api, client_of(api.url) as client:
        reply = client.ask("POST", "/allocations", LONG_S, {"request_id": "t-1"})
    assert (reply.status, reply.reason, reply.was_sent) == (0, "reset", True)


def test_a_connection_is_used_again_while_it_is_open() -> None:
    ended: list[int] = []
    with saying(GOOD, GOOD, GOOD, ended=ended) as (client, asked):
        assert [client.ask("GET", "/", LONG_S).status for _ in range(3)] == [200] * 3
        assert asked == [0, 0, 0]
        wait_until(lambda: ended, LONG_S, "the connection ends after its third answer")
        # Which is seen before anything is sent.
        assert [client.ask("GET", "/", LONG_S).status for _ in range(2)] == [200] * 2
        assert set(asked) == {0, 1}


def test_a_connection_on_which_something_was_given_up_is_not_used_again() -> None:
    def hangs_first(asked: Asked) -> str | None:
        return HANG if asked.method == "POST" and asked.nth == 1 else None

    with scripted_api(hangs_first) as api, client_of(api.url) as client:
        assert client.ask("GET", "/readyz", LONG_S).status == 200  # connected: SHORT_S is for the answer
        assert client.ask("POST", "/allocations", SHORT_S, {"request_id": "t-1"}).why == "timeout"
        wait_until(lambda: api.asked, LONG_S, "the first one has been read, so that it is the first")
        assert client.ask("POST", "/allocations", LONG_S, {"request_id": "t-1"}).status == 201


def test_an_answer_that_says_close_is_heeded() -> None:
    closing = GOOD.replace(b"Content", b"Connection: close\r\nContent")
    with saying(closing, GOOD) as (client, asked):
        assert [client.ask("GET", "/", LONG_S).status for _ in range(2)] == [200, 200]
        assert asked == [0, 1]


@pytest.mark.parametrize("content", [b"[1]", b"no"])
def test_what_is_no_object_is_an_empty_one(content: bytes) -> None:
    with saying(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(content), content)) as (client, _):
        reply = client.ask("GET", "/", LONG_S)
    assert (reply.status, reply.document) == (200, {})
