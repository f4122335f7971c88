"""Leaves connections so that Toxiproxy survives it.

A client that is gone while a toxic still holds data for it can stop its proxy for good: removing the toxic waits for
the toxic, that waits for the writer to the client, which has ended and waits for the removal (Toxiproxy 2.12). So only
our half is closed, and the other kept until it has ended as well: what was on the way always finds somebody.
"""

import atexit
import os
import select
import socket
import threading
import time
from contextlib import suppress

_KEPT_S = 30.0
_MOST = 100
_AT_EXIT_S = 0.05  # pieces of a usual size are through by then
_ENDED = select.POLLRDHUP | select.POLLHUP | select.POLLERR


class Leaving:
    """Connections that we have done with. What comes on them stays unread: it fits into the kernel's buffer."""

    def __init__(self) -> None:
        self._since_s: dict[int, float] = {}  # by descriptor, oldest first
        self._lock = threading.Lock()

    def leave(self, connection: socket.socket) -> None:
        """Takes it over."""
        with suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        with self._lock:
            self._since_s[connection.detach()] = time.monotonic()
            self._close(self._ended(0.0))
            self._close(self._overdue())

    def await_ends(self, within_s: float) -> None:
        deadline_s = time.monotonic() + within_s
        with self._lock:
            while self._since_s and (left_s := deadline_s - time.monotonic()) > 0:
                self._close(self._ended(left_s))

    def __len__(self) -> int:
        return len(self._since_s)

    def _ended(self, within_s: float) -> list[int]:
        looking = select.poll()
        for descriptor in self._since_s:
            looking.register(descriptor, _ENDED)
        return [descriptor for descriptor, _ in looking.poll(within_s * 1000)]

    def _overdue(self) -> list[int]:
        before_s = time.monotonic() - _KEPT_S
        too_many = len(self._since_s) - _MOST
        return [one for nth, (one, since_s) in enumerate(self._since_s.items()) if nth < too_many or since_s < before_s]

    def _close(self, descriptors: list[int]) -> None:
        for descriptor in descriptors:
            del self._since_s[descriptor]
            os.close(descriptor)


LEFT = Leaving()
atexit.register(LEFT.await_ends, _AT_EXIT_S)
