"""Ports on loopback that no other stack will choose, and that no client's own socket can take.

The kernel gives outgoing connections ports of its ephemeral range. A server that listens there can lose its port
while it restarts: to a stranger, or to a client of its own that connects to itself. So ports are chosen below that
range. Between choosing and listening another stack could choose the same one; each chosen port is therefore also
reserved by an abstract unix socket, whose descriptor the supervisor inherits, and which the kernel frees with it.
"""

import errno
import random
import socket
from collections.abc import Sequence
from pathlib import Path

from chaos_aura.core.address import LOOPBACK
from chaos_aura.core.errors import MachineLacks

_LOWEST = 15_000
_ENOUGH = 1_000
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")


class Reservation:
    """Ports that are ours until `release` here and in every process that inherited the descriptors."""

    def __init__(self, held: dict[int, socket.socket]) -> None:
        self._held = held

    @property
    def ports(self) -> tuple[int, ...]:
        return tuple(self._held)

    @property
    def descriptors(self) -> tuple[int, ...]:
        return tuple(held.fileno() for held in self._held.values())

    def release(self) -> None:
        for held in self._held.values():
            held.close()
        self._held = {}


def choose(count: int, rng: random.Random) -> Reservation:
    """Reserve `count` free ports."""
    held: dict[int, socket.socket] = {}
    candidates = list(_candidates())
    rng.shuffle(candidates)
    try:
        while len(held) < count:
            if not candidates:
                why = f"fewer than {count} are free on {LOOPBACK}"
                raise MachineLacks("ports", why, "stop other servers or stacks")
            _hold(candidates.pop(), held)
    except BaseException:
        Reservation(held).release()
        raise
    return Reservation(held)


def _hold(port: int, held: dict[int, socket.socket]) -> None:
    """Unless another stack has reserved it, or a stranger listens there."""
    try:
        mark = _reserve(port)
        if mark is None:
            return
        held[port] = mark
        if not is_free(port):
            held.pop(port).close()
    except OSError as cause:
        raise MachineLacks("ports", f"no socket to be had ({cause.strerror})", "raise the limit: ulimit -n") from cause


def is_free(port: int) -> bool:
    """Whether a server could listen there now. A dead server's closing connections do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError as cause:
            if cause.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
        return True


def _candidates() -> Sequence[int]:
    try:
        low, high = map(int, _EPHEMERAL.read_text(encoding="ascii").split())
    except (OSError, ValueError):
        low, high = 32_768, 60_999
    below = range(_LOWEST, low)
    return below if len(below) > _ENOUGH else range(min(high + 1, 61_000), 65_536)


def _reserve(port: int) -> socket.socket | None:
    mark = socket.socket(socket.AF_UNIX)
    try:
        mark.bind(f"\0chaos-aura-port-{port}")
    except OSError as cause:
        mark.close()
        if cause.errno == errno.EADDRINUSE:
            return None
        raise
    return mark
