"""HTTP for many greenlets at once: each call has a deadline, and says whether anything can have arrived.

Locust's own sessions cost several times as much, and pools that bound their connections would let arrivals wait.
"""

from contextlib import suppress

import gevent  # type: ignore[import-untyped]
import orjson
from gevent import socket
from geventhttpclient.response import HTTPParseError, HTTPSocketResponse

from chaos_aura.core.address import Address
from chaos_aura.load.answers import GARBLED, RESET, TIMEOUT, UNREACHABLE, Reply

_MOST_IDLE = 512
_BLOCK_BYTES = 64 * 1024


class Client:
    """Connections are kept, the one used last first. None is asked twice for one call: that is for the caller."""

    def __init__(self, address: Address) -> None:
        self._address = (address.host, address.port)
        self._head = f" HTTP/1.1\r\nHost: {address}\r\nAccept: application/json\r\n"
        self._idle: list[socket.socket] = []

    def ask(self, method: str, path: str, within_s: float, body: object = None, tenant: str = "") -> Reply:
        """Whatever goes wrong is a reply too."""
        call = _Call(self._raw(method, path, body, tenant), method)
        deadline = gevent.Timeout(within_s)
        deadline.start()
        try:
            call.connection = self._idle_one() or _connected(self._address)
            return self._answered(call)
        except gevent.Timeout as passed:
            if passed is not deadline:
                raise
            return Reply(0, why=TIMEOUT, was_sent=call.was_sent)
        except HTTPParseError as cause:
            why = GARBLED if call.was_heard else RESET
            return Reply(0, {"detail": str(cause)}, why)
        except OSError as cause:
            return Reply(0, {"detail": str(cause)}, RESET if call.was_sent else UNREACHABLE, call.was_sent)
        finally:
            deadline.close()
            call.close()

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _raw(self, method: str, path: str, body: object, tenant: str) -> bytes:
        head = f"{method} {path}{self._head}"
        if tenant:
            head += f"X-Tenant: {tenant}\r\n"
        if body is None:
            return f"{head}\r\n".encode("ascii")
        content = orjson.dumps(body)
        return f"{head}Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content

    def _idle_one(self) -> socket.socket | None:
        while self._idle:
            connection = self._idle.pop()
            if _is_quiet(connection):
                return connection
            connection.close()
        return None

    def _answered(self, call: "_Call") -> Reply:
        connection = call.connection
        assert connection is not None
        call.was_sent = True
        connection.sendall(call.raw)
        response = HTTPSocketResponse(connection, method=call.method, block_size=_BLOCK_BYTES)
        call.was_heard = True
        content = response.read()
        status = response.status_code
        if not response.should_close() and len(self._idle) < _MOST_IDLE:
            self._idle.append(connection)
            call.connection = None
        return Reply(status, _document(content))


class _Call:
    """How far one has come."""

    def __init__(self, raw: bytes, method: str) -> None:
        self.raw = raw
        self.method = method
        self.connection: socket.socket | None = None
        self.was_sent = False
        self.was_heard = False

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()


def _connected(address: tuple[str, int]) -> socket.socket:
    connection = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_STREAM)
    try:
        connection.connect((address[0].strip("[]"), address[1]))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        connection.close()
        raise
    return connection


def _is_quiet(connection: socket.socket) -> bool:
    """Open, with nothing to be read: what comes unasked is the end of it."""
    connection.settimeout(0.0)
    try:
        connection.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        connection.settimeout(None)
        return True
    except OSError:
        return False
    return False


def _document(content: bytes) -> dict[str, object]:
    """Empty when it is no JSON object: then the status alone has to tell."""
    with suppress(orjson.JSONDecodeError):
        document = orjson.loads(content)
        if isinstance(document, dict):
            return document
    return {}
