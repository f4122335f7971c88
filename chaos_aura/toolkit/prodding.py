"""Sees to it that a signal reaches the main thread, where Python handles it, however the kernel has delivered it.

Where two come at once, or to a process that is stopped, the kernel may hand them to another thread. The main thread
then sleeps on in its system call, and nothing would be handled before that returns: a fault would stay in force until
its time is up. The same happens to one that comes in the moment before the call.
"""

import signal
import socket
import threading
import time
from collections.abc import Collection

_BY = signal.SIGURG  # nobody minds it: it is ignored unless somebody listens
_TIMES, _EVERY_S = 20, 0.05
_MOST_BYTES = 64


class Prodding:
    """Python tells of each signal as it comes, in whatever thread. The main thread is then woken by one that is meant
    for it alone, several times: one may come too early.
    """

    def __init__(self, numbers: Collection[int]) -> None:
        self._numbers = frozenset(numbers)
        self._heard, self._told = socket.socketpair()
        self._told.setblocking(False)
        self._former_fd = signal.set_wakeup_fd(self._told.fileno(), warn_on_full_buffer=False)
        self._former = signal.signal(_BY, lambda *_: None)
        self._main = threading.get_ident()
        self._is_over = False
        self._thread = threading.Thread(target=self._look, name="prodding", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """In the main thread, as `__init__`."""
        self._is_over = True
        signal.set_wakeup_fd(self._former_fd)
        self._told.close()
        self._thread.join()
        self._heard.close()
        signal.signal(_BY, self._former)

    def _look(self) -> None:
        while told := self._heard.recv(_MOST_BYTES):
            if not self._numbers.isdisjoint(told):
                self._prod()

    def _prod(self) -> None:
        for _ in range(_TIMES):
            if self._is_over:
                return
            signal.pthread_kill(self._main, _BY)
            time.sleep(_EVERY_S)
