"""What a person sees: how the run stands while it goes on, and the summary at its end. All of it on standard error."""

import os
import sys
import threading
from contextlib import ExitStack
from typing import Any

from chaos_aura.report.terminal import Terminal
from chaos_aura.run.present import Present
from chaos_aura.stack.progress import Progress

_EVERY_S = 0.5


class Screen:
    """Nothing that happens to it decides anything: a terminal that is gone ends no run."""

    def __init__(self) -> None:
        self.progress: Progress = _Lines(self)
        self._terminal = Terminal.on(sys.stderr, os.environ)
        self._closing = ExitStack()
        self._over = threading.Event()
        self._drawing: threading.Thread | None = None

    def start(self, present: Present) -> None:
        self._closing.enter_context(self._terminal.logs_above())
        self._drawing = threading.Thread(target=self._draw, args=(present,), name="screen", daemon=True)
        self._drawing.start()

    def say(self, line: str) -> None:
        self._terminal.say(line)

    def summarize(self, result: dict[str, Any]) -> None:
        self._stop_drawing()
        self._terminal.conclude(result)

    def close(self) -> None:
        self._stop_drawing()
        self._terminal.close()

    def _stop_drawing(self) -> None:
        self._over.set()
        if self._drawing is not None and self._drawing is not threading.current_thread():
            self._drawing.join()
        self._closing.close()

    def _draw(self, present: Present) -> None:
        while not self._over.wait(_EVERY_S):
            try:
                self._terminal.show(present.standing())
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
