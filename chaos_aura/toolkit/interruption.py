"""Ctrl-C, SIGTERM and SIGHUP while a run goes on: the reaper is woken, and the main thread is brought to its end.

A handler takes no lock: it may have interrupted whoever holds it.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from chaos_aura.toolkit.prodding import Prodding

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_ONE_REQUEST_S = 1.0


class Interrupted(KeyboardInterrupt):
    """What Chaos Toolkit takes for an interruption wherever it comes; no `except Exception` swallows it."""


class Interruption:
    """`on_signal` is called in the handler, and so is `on_patience` with the name of a signal that waits its turn.
    `received` is the first signal that came from outside.
    """

    def __init__(self, on_signal: Callable[[], None], on_patience: Callable[[str], None]) -> None:
        self.received = ""
        self.is_patient = False  # what goes on is cut short only by whoever asks for it twice
        self._on_signal = on_signal
        self._on_patience = on_patience
        self._has_been_asked = False  # to end what it is patient with
        self._heard_at_s = float("-inf")
        self._is_own = False
        self._shields = 0
        self._former: dict[signal.Signals, Any] = {}
        self._prodding: Prodding | None = None

    def install(self) -> None:
        """In the main thread. What is ignored, as under nohup, stays ignored."""
        for each in _SIGNALS:
            if signal.getsignal(each) is not signal.SIG_IGN:
                self._former[each] = signal.signal(each, self._handle)
        self._prodding = Prodding(_SIGNALS)

    def restore(self) -> None:
        while self._former:
            each, former = self._former.popitem()
            signal.signal(each, former)
        if self._prodding is not None:
            self._prodding.close()
            self._prodding = None

    def stop_main_thread(self) -> None:
        """From any thread of ours."""
        self._is_own = True
        os.kill(os.getpid(), signal.SIGTERM)

    @contextmanager
    def shielded(self) -> Iterator[None]:
        """Meanwhile a signal is only noted: what goes on must not be cut short."""
        self._shields += 1
        try:
            yield
        finally:
            self._shields -= 1

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        is_own, self._is_own = self._is_own and number == signal.SIGTERM, False
        if not is_own:
            self.received = self.received or name
        self._on_signal()
        if self._shields or self._is_same_request() or (self.is_patient and self._waits(name, is_own=is_own)):
            return
        raise Interrupted(name)

    def _is_same_request(self) -> bool:
        """It may come as two signals: of a terminal that is closed, of who ends a group and each in it. The second must
        not cut short what the first has begun.
        """
        before_s, self._heard_at_s = self._heard_at_s, time.monotonic()
        return self._heard_at_s - before_s < _ONE_REQUEST_S

    def _waits(self, name: str, *, is_own: bool) -> bool:
        if is_own:
            return True
        if self._has_been_asked:
            return False
        self._has_been_asked = True
        self._on_patience(name)
        return True
