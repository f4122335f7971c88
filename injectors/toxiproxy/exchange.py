"""One round trip: a connection, a question, and what comes back within so many milliseconds."""

import select
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from chaos_aura.core.address import Address
from chaos_aura.core.errors import MachineLacks
from injectors.toxiproxy.greetings import Greeting
from injectors.toxiproxy.leaving import LEFT

_MS = 1000
_CHUNK_BYTES = 65_536
_CONNECTS_WITHIN_S = 1.0


class Outcome(StrEnum):
    ANSWERED = "answered"
    SILENT = "silent"  # or still speaking
    ENDED = "ended"  # before the answer was whole
    RESET = "reset"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Exchange:
    """`after_ms` counts from the sending. `end_ms`: how long after ours the other side closed, -1 when it did not."""

    outcome: Outcome
    after_ms: float
    received: int
    end_ms: float = -1.0

    def __str__(self) -> str:
        within, some = f"{self.after_ms:.1f} ms", f" ({self.received} bytes)" if self.received else ""
        end = f", closed {self.end_ms:.1f} ms after it" if self.end_ms >= 0 else ""
        return {
            Outcome.ANSWERED: f"answer after {within}{end}",
            Outcome.SILENT: f"no {'whole ' if some else ''}answer within {within}{some}",
            Outcome.ENDED: f"connection ended after {within} without {'a whole' if some else 'an'} answer{some}",
            Outcome.RESET: f"connection reset after {within}",
            Outcome.REFUSED: "connection refused",
        }[self.outcome]

    def to_dict(self) -> dict[str, Any]:
        facts = {"outcome": self.outcome.value, "after_ms": round(self.after_ms, 3), "bytes": self.received}
        return facts if self.end_ms < 0 else {**facts, "end_ms": round(self.end_ms, 3)}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and for how long one waits.

    With `end_within_ms` the connection is closed after the answer, and the end of its other half awaited.
    """

    greeting: Greeting
    size: int
    within_ms: float
    end_within_ms: float = 0.0

    def is_satisfied_by(self, exchange: Exchange) -> bool:
        ended = exchange.end_ms >= 0 or not self.end_within_ms
        return exchange.outcome is Outcome.ANSWERED and ended

    def ask(self, address: Address) -> Exchange:
        try:
            connection = socket.create_connection((address.host, address.port), _CONNECTS_WITHIN_S)
        except TimeoutError:
            return Exchange(Outcome.SILENT, _CONNECTS_WITHIN_S * _MS, 0)
        except ConnectionRefusedError:
            return Exchange(Outcome.REFUSED, 0.0, 0)
        except OSError as cause:  # too many open files, no port left: nothing that the edge has done
            raise MachineLacks.because(cause, str(address)) from cause
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return self._asked(connection)
        finally:
            LEFT.leave(connection)

    def _asked(self, connection: socket.socket) -> Exchange:
        started_s, received = time.monotonic(), bytearray()
        outcome = Outcome.SILENT
        try:
            connection.sendall(self.greeting.question(self.size))
            for chunk in _chunks(connection, started_s + self.within_ms / _MS):
                received += chunk
                outcome = self._outcome(chunk, received)
                if outcome is not Outcome.SILENT:
                    break
        except ConnectionError:
            outcome = Outcome.RESET
        except TimeoutError:
            pass
        # Not the time of waking up: that one is late on a busy machine, and nothing was seen in between.
        after_ms = self.within_ms if outcome is Outcome.SILENT else (time.monotonic() - started_s) * _MS
        ends = bool(self.end_within_ms) and outcome is Outcome.ANSWERED
        return Exchange(outcome, after_ms, len(received), self._end_ms(connection) if ends else -1.0)

    def _outcome(self, chunk: bytes, received: bytearray) -> Outcome:
        if not chunk:
            return Outcome.ENDED
        return Outcome.ANSWERED if self.greeting.is_whole(bytes(received), self.size) else Outcome.SILENT

    def _end_ms(self, connection: socket.socket) -> float:
        started_s = time.monotonic()
        with suppress(ConnectionError):
            connection.shutdown(socket.SHUT_WR)
            if all(_chunks(connection, started_s + self.end_within_ms / _MS)):
                return -1.0
        return (time.monotonic() - started_s) * _MS


def _chunks(connection: socket.socket, deadline_s: float) -> Iterator[bytes]:
    """What has come is taken even when the deadline has passed meanwhile: it may have come in time. b"" is the end."""
    looking = select.poll()
    looking.register(connection, select.POLLIN)
    while looking.poll(max(0.0, deadline_s - time.monotonic()) * _MS):
        chunk = connection.recv(_CHUNK_BYTES)
        yield chunk
        if not chunk:
            return
