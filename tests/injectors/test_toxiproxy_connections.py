"""Connections that are kept alive, and never give one question the answer of another."""

import http.server
import select
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from awaiting import wait_until

from chaos_aura.core.address import on_loopback
from injectors.toxiproxy.connections import Connections, NotConnected

_WITHIN_S = 30.0
_SOON_S = 0.2


class Echo(http.server.ThreadingHTTPServer):
    """Answers with the path that was asked for. `/late` waits until the test says so, `/last` ends the connection."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Echoing)
        self.connections: list[object] = []
        self.ended = 0
        self.go_on = threading.Event()

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self.ended += 1

    def handle_error(self, request: object, client_address: object) -> None:
        """Nobody waited for that answer any more."""

    def connected(self) -> Connections:
        return Connections(on_loopback(self.server_port))


class _Echoing(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Echo

    def setup(self) -> None:
        super().setup()
        self.server.connections.append(self.connection)

    def do_GET(self) -> None:
        if self.path == "/late":
            self.server.go_on.wait(_WITHIN_S)
        self.close_connection = self.path == "/last"
        content = self.path.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *words: object) -> None:  # noqa: A002 - as the library calls it
        """To nobody."""


@pytest.fixture
def echo() -> Iterator[Echo]:
    with Echo() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.go_on.set()
        server.shutdown()
        thread.join()


def answer(connections: Connections, path: str, within_s: float = _WITHIN_S) -> str:
    with closing(connections.ask("GET", path, None, within_s)) as asked:
        return asked.answer().content.decode()


def test_a_connection_is_used_again(echo: Echo) -> None:
    connections = echo.connected()
    assert [answer(connections, f"/{nth}") for nth in range(5)] == [f"/{nth}" for nth in range(5)]
    assert len(echo.connections) == 1


def test_one_that_was_ended_is_not(echo: Echo) -> None:
    connections = echo.connected()
    assert answer(connections, "/last") == "/last"
    wait_until(lambda: echo.ended and knows_of_an_end(connections), _WITHIN_S, "it has ended, at both ends")
    assert answer(connections, "/1") == "/1"
    assert len(echo.connections) == 2


def knows_of_an_end(connections: Connections) -> bool:
    """What the other side has sent last may still be on its way."""
    (kept,) = connections._idle  # noqa: SLF001
    return bool(select.select([kept.sock], [], [], 0)[0])


def test_nobody_gets_the_answer_of_a_question_given_up(echo: Echo) -> None:
    connections = echo.connected()
    assert answer(connections, "/0") == "/0"  # connected, for which there may be no time later
    with pytest.raises(TimeoutError):
        answer(connections, "/late", _SOON_S)
    connections.ask("GET", "/unread", None, _WITHIN_S).close()
    echo.go_on.set()
    assert answer(connections, "/1") == "/1"


def test_what_is_asked_meanwhile_is_answered_for_itself(echo: Echo) -> None:
    connections = echo.connected()
    with closing(connections.ask("GET", "/first", None, _WITHIN_S)) as first:
        assert answer(connections, "/second") == "/second"
        assert first.answer().content == b"/first"


def test_many_threads_share_few_connections(echo: Echo) -> None:
    connections = echo.connected()
    paths = [f"/{nth}" for nth in range(200)]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda path: answer(connections, path), paths)) == paths
    assert len(echo.connections) <= 4


def test_where_nobody_listens_nothing_was_sent(echo: Echo) -> None:
    connections = echo.connected()
    assert answer(connections, "/1") == "/1"
    echo.shutdown()
    echo.server_close()
    connections.ask("GET", "/last", None, _WITHIN_S).close()
    with pytest.raises(NotConnected) as refused:
        answer(connections, "/2")
    assert isinstance(refused.value.__cause__, ConnectionRefusedError)
