"""One short talk with a server over TCP, bounded in time as a whole."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from chaos_aura.core.address import Address

_WITHIN_S = 2.0
_MOST_BYTES = 1 << 20


class Garbled(Exception):
    """An answer that is none in that protocol, or that tells no time."""


class Conversation:
    """OSError when it ends early or takes too long."""

    def __init__(self, connection: socket.socket, deadline_s: float) -> None:
        self._connection = connection
        self._deadline_s = deadline_s

    def say(self, what: bytes) -> None:
        self._connection.settimeout(self._left_s())
        self._connection.sendall(what)

    def hear(self, size: int) -> bytes:
        if not 0 <= size <= _MOST_BYTES:
            raise Garbled(f"an answer of {size} bytes")
        heard = b""
        while len(heard) < size:
            heard += self._some(size - len(heard))
        return heard

    def hear_line(self) -> bytes:
        """Without its end."""
        line = b""
        while not line.endswith(b"\r\n"):
            line += self.hear(1)
            if len(line) > _MOST_BYTES:
                raise Garbled("a line without an end")
        return line[:-2]

    def _some(self, most: int) -> bytes:
        self._connection.settimeout(self._left_s())
        heard = self._connection.recv(most)
        if not heard:
            raise ConnectionResetError("it hung up")
        return heard

    def _left_s(self) -> float:
        left_s = self._deadline_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError(f"no answer within {_WITHIN_S:g} s")
        return left_s


@contextmanager
def talking_to(address: Address) -> Iterator[Conversation]:
    deadline_s = time.monotonic() + _WITHIN_S
    with socket.create_connection((address.host, address.port), timeout=_WITHIN_S) as connection:
        yield Conversation(connection, deadline_s)
