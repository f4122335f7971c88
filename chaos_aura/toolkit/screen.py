"""What a person sees: how the run stands while it goes on, and the summary at its end. All of it on standard error.

What draws is imported by the thread that draws, while the preflight waits for others.
"""

import os
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from chaos_aura.run.standing import Standing
from chaos_aura.stack.progress import Progress

if TYPE_CHECKING:
    from chaos_aura.report.terminal import Terminal

_EVERY_S = 0.5


class Screen:
    """Nothing that happens to it decides anything: a terminal that is gone ends no run."""

    def __init__(self) -> None:
        self.progress: Progress = _Lines(self)
        self._terminal: Terminal | None = None
        self._closing = ExitStack()
        self._notices: SimpleQueue[str] = SimpleQueue()
        self._over = threading.Event()
        self._is_there = threading.Event()
        self._drawing: threading.Thread | None = None

    def start(self, standing: Callable[[], Standing]) -> None:
        self._drawing = threading.Thread(target=self._draw, args=(standing,), name="screen", daemon=True)
        self._drawing.start()

    def say(self, line: str) -> None:
        self._opened().say(line)

    def notice(self, line: str) -> None:
        """From a signal handler, which may wait for nobody: told by the thread that draws."""
        self._notices.put(line)

    def summarize(self, result: dict[str, Any]) -> None:
        terminal = self._opened()
        self._stop_drawing()
        terminal.conclude(result)

    def close(self) -> None:
        self._stop_drawing()
        if self._terminal is not None:
            self._terminal.close()

    def _opened(self) -> "Terminal":
        """Waits for the thread that makes it, where there is one."""
        if self._drawing is not None:
            self._is_there.wait()
        if self._terminal is None:
            self._terminal = self._made()
        return self._terminal

    def _made(self) -> "Terminal":
        from chaos_aura.report.terminal import Terminal  # noqa: PLC0415 - while others wait

        terminal = Terminal.on(sys.stderr, os.environ)
        self._closing.enter_context(terminal.logs_above())
        return terminal

    def _stop_drawing(self) -> None:
        self._over.set()
        if self._drawing is not None and self._drawing is not threading.current_thread():
            self._drawing.join()
        if self._terminal is not None:
            self._tell_notices(self._terminal)
        self._closing.close()

    def _tell_notices(self, terminal: "Terminal") -> None:
        while not self._notices.empty():
            terminal.say(self._notices.get())

    def _draw(self, standing: Callable[[], Standing]) -> None:
        try:
            self._terminal = self._made()
        finally:
            self._is_there.set()
        while not self._over.wait(_EVERY_S):
            try:
                self._tell_notices(self._terminal)
                self._terminal.show(standing())
            except Exception:  # noqa: BLE001 - a border: that it cannot be shown must not keep the run from going on
                continue


class _Lines:
    """What the stack says while it is brought up."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def begin(self, item: str, doing: str, total_bytes: int | None = None) -> None:
        del total_bytes
        self._screen.say(f"{item}: {doing}")

    def advance(self, item: str, done_bytes: int) -> None:
        """Bytes as they come are too many lines."""

    def end(self, item: str, done: str) -> None:
        self._screen.say(f"{item}: {done}")
