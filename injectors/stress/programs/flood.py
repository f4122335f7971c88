"""`flood.py HOST PORT COUNT`: opens so many connections, holds them, opens those again that are closed."""

import errno
import resource
import select
import socket

from chaos_aura.faults.lasting.helper import Helper

_LOOK_EVERY_S = 0.02
_AT_ONCE = 200  # so many are begun between two looks
_AT_ONCE_IN_VAIN = 10  # when the last ones were turned away
_PER_SOURCE = 10_000  # each address of this machine has some 28,000 ports for all that is open from it
_RESET_ON_CLOSE = b"\1\0\0\0\0\0\0\0"  # SO_LINGER, no time: the server forgets it at once, and no port is kept waiting
_BIND_ADDRESS_NO_PORT = 24
_DISCARDED_BYTES = 65_536


def run(helper: Helper) -> None:
    host, port, count = helper.arguments[0], int(helper.arguments[1]), int(helper.arguments[2])
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    flood = _Flood(host, port, count)
    while helper.wait(_LOOK_EVERY_S):
        turned_away = flood.drop_the_closed()
        flood.fill_up(_AT_ONCE_IN_VAIN if turned_away else _AT_ONCE)
        helper.report(open=len(flood.held), closed=flood.closed)


class _Flood:
    """`closed`: how many were ended or refused by the other side."""

    def __init__(self, host: str, port: int, count: int) -> None:
        self._host, self._port, self._count = host, port, count
        self._poll = select.epoll()
        self.held: dict[int, socket.socket] = {}
        self.closed = 0

    def fill_up(self, at_once: int) -> None:
        for _ in range(min(at_once, self._count - len(self.held))):
            try:
                self._open()
            except OSError:  # no port, no file or no room in the queue: another try is made at the next look
                self.closed += 1
                return

    def drop_the_closed(self) -> bool:
        """Whether there were any."""
        before = self.closed
        for handle, _ in self._poll.poll(0, max(1, len(self.held))):
            one = self.held[handle]
            if _is_closed(one):
                self._poll.unregister(handle)
                del self.held[handle]
                one.close()
                self.closed += 1
        return self.closed > before

    def _open(self) -> None:
        one = socket.socket(socket.AF_INET6 if ":" in self._host else socket.AF_INET)
        try:
            one.setblocking(False)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            if self._host.startswith("127."):
                one.setsockopt(socket.SOL_IP, _BIND_ADDRESS_NO_PORT, 1)
                one.bind((f"127.0.0.{1 + len(self.held) // _PER_SOURCE}", 0))
            began = one.connect_ex((self._host, self._port))
            if began not in (0, errno.EINPROGRESS):
                raise OSError(began, "refused")
        except BaseException:
            one.close()
            raise
        self._poll.register(one, select.EPOLLIN | select.EPOLLRDHUP)
        self.held[one.fileno()] = one


def _is_closed(one: socket.socket) -> bool:
    """What it was sent is thrown away: a full buffer would end a connection that should only be held."""
    try:
        return not one.recv(_DISCARDED_BYTES)
    except BlockingIOError:
        return False
    except OSError:
        return True
