"""A few commands to one Redis in its raw protocol. No client library: a reaper that heals must start at once."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from chaos_aura.core.address import Address
from chaos_aura.core.errors import TargetUnfit

_WITHIN_S = 1.5
_LONGEST_LINE = 64 * 1024

Reply = str | list[str]


class Refused(Exception):
    """Redis answered with an error."""


@dataclass(frozen=True)
class Conversation:
    socket: socket.socket
    answers: BinaryIO

    def ask(self, *words: str) -> Reply:
        encoded = [word.encode() for word in words]
        parts = b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded)
        self.socket.sendall(b"*%d\r\n%s" % (len(encoded), parts))
        return self._reply()

    def setting(self, name: str) -> str:
        """As CONFIG GET tells it."""
        reply = self.ask("CONFIG", "GET", name)
        if not isinstance(reply, list) or len(reply) != 2:  # noqa: PLR2004 - name and value
            raise OSError(f"CONFIG GET {name} was answered with {reply!r}")
        return reply[1]

    def info(self, section: str) -> dict[str, str]:
        lines = str(self.ask("INFO", section)).splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def _reply(self) -> Reply:
        line = self.answers.readline(_LONGEST_LINE)
        if not line.endswith(b"\r\n"):
            raise OSError("it closed the connection")
        kind, rest = line[:1], line[1:-2].decode(errors="replace")
        if kind == b"-":
            raise Refused(rest)
        if kind == b"*":
            return [str(self._reply()) for _ in range(int(rest))]
        if kind == b"$":
            return self.answers.read(int(rest) + 2)[:-2].decode(errors="replace") if int(rest) >= 0 else ""
        return rest


@contextmanager
def conversation(address: Address) -> Iterator[Conversation]:
    """TargetUnfit when it does not answer as a Redis, or not in time."""
    where = f"redis at {address}"
    try:
        connection = socket.create_connection((address.host, address.port), _WITHIN_S)
        with connection, connection.makefile("rb") as answers:
            yield Conversation(connection, answers)
    except Refused as cause:
        raise TargetUnfit(where, f"refuses: {cause}", "let it be asked without a password") from cause
    except (OSError, ValueError) as cause:
        raise TargetUnfit(where, f"does not answer ({cause})", "see that it runs: chaos-aura status") from cause
