"""Two ends of a path: a socket in the container's network, and one of whoever talks to it.

That is this machine, at the container's network's bridge, or another container in its own network.
"""

import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chaos_aura.containers.namespace import Namespace
from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.kinds import TO_SERVICE
from injectors.docker.network.sign import Field

_MOST_BYTES = 65_535
_ROOM = 4_000_000
_ANY_PORT = 9


@dataclass(frozen=True, slots=True)
class Path:
    """`address`: the container's. `peer`: the id of another container, empty for this machine."""

    address: str
    peer: str = ""

    @property
    def family(self) -> socket.AddressFamily:
        return socket.AF_INET6 if ":" in self.address else socket.AF_INET

    @contextmanager
    def datagrams(self, field: Field, direction: str) -> Iterator["Datagrams"]:
        """From one end to the other. TargetUnfit when there is no such path."""
        with (
            _namespaces(field, self.peer) as (inside, outside),
            self._socket(inside, socket.SOCK_DGRAM) as inner,
            self._socket(outside, socket.SOCK_DGRAM) as outer,
        ):
            inner.bind((self.address, 0))
            outer.connect(inner.getsockname()[:2])
            inner.connect(outer.getsockname()[:2])
            yield Datagrams(outer, inner) if direction == TO_SERVICE else Datagrams(inner, outer)

    def connect(self, field: Field, direction: str, within_s: float) -> str:
        """`connected`, `refused`, or `silent`."""
        with (
            _namespaces(field, self.peer) as (inside, outside),
            self._socket(inside, socket.SOCK_STREAM) as inner,
            self._socket(outside, socket.SOCK_STREAM) as outer,
        ):
            inner.bind((self.address, 0))
            outer.bind((self._other_address(outside), 0))
            listener, client = (inner, outer) if direction == TO_SERVICE else (outer, inner)
            listener.listen()
            return _connected(client, listener, within_s)

    def _socket(self, where: Namespace | None, kind: socket.SocketKind) -> socket.socket:
        made = where.do(lambda: socket.socket(self.family, kind)) if where else socket.socket(self.family, kind)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ROOM)
        return made

    def _other_address(self, outside: Namespace | None) -> str:
        """The one from which the container would be talked to. Nothing is sent for it."""
        with self._socket(outside, socket.SOCK_DGRAM) as asking:
            asking.connect((self.address, _ANY_PORT))
            return str(asking.getsockname()[0])


@dataclass(frozen=True, slots=True)
class Datagrams:
    sender: socket.socket
    receiver: socket.socket

    def one(self, within_s: float) -> float:
        """After how many seconds it arrived; negative when it did not."""
        return self.last_of(1, 16, within_s)[1]

    def last_of(self, count: int, size: int, within_s: float) -> tuple[int, float]:
        """How many came, and when the last of them: negative when none did. All that were sent end it early.

        What has come is read, however late that is: whoever cares when it came looks at the time.
        """
        self._empty()
        began_s = time.monotonic()
        came, last_s = 0, -1.0
        for _ in range(count):
            self._send(size)
        deadline_s = time.monotonic() + within_s
        while came < count and self._awaits(deadline_s - time.monotonic()):
            if self._receive():
                came, last_s = came + 1, time.monotonic() - began_s
        return came, last_s

    def _send(self, size: int) -> None:
        """That the kernel forbids it is a way of losing it."""
        try:
            self.sender.send(bytes(size))
        except OSError:
            return

    def _awaits(self, within_s: float) -> bool:
        return bool(select.select([self.receiver], [], [], max(0.0, within_s))[0])

    def _receive(self) -> bool:
        """Not so when the kernel tells of an error instead."""
        try:
            self.receiver.recv(_MOST_BYTES)
        except OSError:
            return False
        return True

    def _empty(self) -> None:
        while select.select([self.receiver], [], [], 0)[0]:
            self._receive()


def _connected(client: socket.socket, listener: socket.socket, within_s: float) -> str:
    client.settimeout(within_s)
    try:
        client.connect(listener.getsockname()[:2])
    except TimeoutError:
        return "silent"
    except ConnectionError:
        return "refused"
    return "connected"


@contextmanager
def _namespaces(field: Field, peer: str) -> Iterator[tuple[Namespace, Namespace | None]]:
    with field.networks.sockets_of(field.container) as inside:
        if not peer:
            yield inside, None
            return
        other = field.networks.engine.inspect(peer)
        if not other.is_running:
            raise TargetUnfit(other.name, "does not run", "see: docker ps -a")
        with field.networks.sockets_of(other) as outside:
            yield inside, outside
