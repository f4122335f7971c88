"""Signals as something that a selector can wait for."""

import selectors
import signal
import socket
from contextlib import suppress


class Wakeup:
    """Handlers only note: a signal may come in the middle of a child's change of state."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self.is_told_to_end = False
        self._sender, self._receiver = socket.socketpair()
        for end in (self._sender, self._receiver):
            end.setblocking(False)
        signal.set_wakeup_fd(self._sender.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)
        for number in (signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)
        selector.register(self._receiver, selectors.EVENT_READ, self._drain)

    def _note(self, *_: object) -> None:
        self.is_told_to_end = True

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            while self._receiver.recv(512):
                pass
