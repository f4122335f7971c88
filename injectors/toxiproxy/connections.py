"""HTTP to one server, over connections that are kept alive. To ask and to be answered are two steps: who waits for
something else meanwhile needs no thread for it."""

import http.client
import select
import socket
import weakref
from dataclasses import dataclass

from chaos_aura.core.address import Address

_KEPT = 8


class NotConnected(Exception):
    """Nothing was sent. Its cause says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """With the names that toxiproxy-python knows from requests."""

    status_code: int
    content: bytes


class Asked:
    """A question that was sent. Closed without its answer, its connection ends."""

    def __init__(self, connection: http.client.HTTPConnection, of: "Connections") -> None:
        self._connection = connection
        self._of = of

    def answer(self) -> Answer:
        """Whole, or OSError or HTTPException; TimeoutError when it comes too late."""
        with self._connection.getresponse() as told:
            answer = Answer(told.status, told.read())
            is_kept = not told.will_close
        if is_kept:
            self._of.keep(self._connection)
            self._connection = http.client.HTTPConnection("")  # which closing leaves alone
        return answer

    def close(self) -> None:
        self._connection.close()


class Connections:
    """May be used by several threads at once. What is kept ends with it."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._idle: list[http.client.HTTPConnection] = []
        weakref.finalize(self, _end, self._idle)

    def ask(self, method: str, path: str, body: bytes | None, within_s: float) -> Asked:
        """NotConnected, OSError or HTTPException when it could not be sent."""
        connection = self._connected(within_s)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        except BaseException:
            connection.close()
            raise
        return Asked(connection, self)

    def keep(self, connection: http.client.HTTPConnection) -> None:
        if len(self._idle) < _KEPT:
            self._idle.append(connection)
        else:
            connection.close()

    def _connected(self, within_s: float) -> http.client.HTTPConnection:
        while connection := self._kept():
            if not _has_ended(connection.sock):
                connection.sock.settimeout(within_s)
                return connection
            connection.close()
        connection = http.client.HTTPConnection(self._address.host, self._address.port, timeout=within_s)
        try:
            connection.connect()
        except OSError as cause:
            raise NotConnected from cause
        return connection

    def _kept(self) -> http.client.HTTPConnection | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None


def _end(connections: list[http.client.HTTPConnection]) -> None:
    for connection in connections:
        connection.close()


def _has_ended(connection: socket.socket) -> bool:
    """Or says something that it was not asked."""
    looking = select.poll()
    looking.register(connection, select.POLLIN)
    return bool(looking.poll(0))
