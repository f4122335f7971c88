"""One TCP connection whose every step, from connecting to the last byte, shares one deadline.

Resolving a name is the one step the operating system does in its own time; the stack uses numeric addresses.
"""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chaos_aura.core.address import Address
from chaos_aura.core.errors import PingFailed
from chaos_aura.pings.refusal import Garbled, Refused

MOST_BYTES = 16 * 1024 * 1024
CHUNK_BYTES = 64 * 1024


class Wire:
    def __init__(self, timeout_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started_s = clock()
        self._deadline_s = self._started_s + timeout_s
        self._received = bytearray()
        self._socket: socket.socket | None = None

    @property
    def elapsed_s(self) -> float:
        return self._clock() - self._started_s

    def connect(self, address: Address) -> None:
        # create_connection would grant the whole time-out to each address a name has.
        failure = OSError("the name has no address")
        # As bytes: a str would load the IDNA codec, which costs more than the whole ping.
        found = socket.getaddrinfo(address.host.encode(), address.port, type=socket.SOCK_STREAM)
        for family, kind, protocol, _, where in found:
            self._socket = socket.socket(family, kind, protocol)
            try:
                self._awaited().connect(where)
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return
            except OSError as error:
                self.close()
                failure = error
        raise failure

    def send(self, data: bytes) -> None:
        self._awaited().sendall(data)

    def read_exactly(self, size: int) -> bytes:
        if not 0 <= size <= MOST_BYTES:
            raise Garbled(f"it announces an answer of {size} bytes")
        while len(self._received) < size:
            self._receive()
        return self._consume(size)

    def read_line(self, longest: int = CHUNK_BYTES) -> bytes:
        """Up to CRLF, which is taken off."""
        while (end := self._received.find(b"\r\n")) < 0:
            if len(self._received) > longest:
                raise Garbled(f"a line of its answer is longer than {longest} bytes")
            self._receive()
        return self._consume(end + 2)[:-2]

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _receive(self) -> None:
        chunk = self._awaited().recv(CHUNK_BYTES)
        if not chunk:
            raise EOFError("it closed the connection before its answer was complete")
        self._received += chunk

    def _consume(self, size: int) -> bytes:
        taken = bytes(self._received[:size])
        del self._received[:size]
        return taken

    def _awaited(self) -> socket.socket:
        """The socket, set to wait no longer than what is left of the one deadline."""
        left_s = self._deadline_s - self._clock()
        if left_s <= 0:
            raise TimeoutError
        if self._socket is None:
            raise OSError("it is not connected")
        self._socket.settimeout(left_s)
        return self._socket


@contextmanager
def connected(service: str, address: Address, timeout_s: float) -> Iterator[Wire]:
    """A connected wire, closed at the end; whatever goes wrong inside leaves as PingFailed."""
    wire = Wire(timeout_s)
    try:
        wire.connect(address)
        yield wire
    except ConnectionRefusedError:
        raise _failure(service, address, "nothing listens there") from None
    except TimeoutError:
        raise _failure(service, address, f"no full answer within {timeout_s:g} s") from None
    except Garbled as error:
        raise _failure(service, address, f"it does not speak the protocol of {service}: {error}") from error
    except Refused as error:
        raise _failure(service, address, f"it answered with an error: {error}") from error
    except EOFError as error:
        raise _failure(service, address, str(error)) from None
    except OSError as error:
        raise _failure(service, address, error.strerror or str(error)) from error
    finally:
        wire.close()


def _failure(service: str, address: Address, why: str) -> PingFailed:
    return PingFailed(where=f"{service} at {address}", why=why)
