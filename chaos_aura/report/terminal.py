"""The terminal of a run: one live region at the bottom, or plain lines where nobody looks on.

with Terminal.on(sys.stderr, os.environ) as terminal, terminal.logs_above():
    terminal.say("stack: starting redis, kafka")
    terminal.show(standing)  # as often as one likes
print(summary(result, width, colour))
"""

import atexit
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self, TextIO

from chaos_aura.report.changes import Changes
from chaos_aura.report.line import Line
from chaos_aura.report.log_lines import led_above
from chaos_aura.report.panel import panel
from chaos_aura.report.plain_text import one_line
from chaos_aura.report.region import Region
from chaos_aura.report.summary import summary
from chaos_aura.run.standing import Standing

REDRAWN_EVERY_S = 0.25
CHAOS_TOOLKIT = "chaostoolkit"


class Terminal:
    """From any thread. A width of None is what the terminal has just then. Nothing that happens to it ever raises."""

    def __init__(
        self,
        stream: TextIO,
        is_terminal: bool,
        width: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        has_colour: bool = True,
    ) -> None:
        self.is_terminal = is_terminal
        self.has_colour = is_terminal and has_colour
        self._clock = clock
        self._region = Region(stream, width, self.has_colour)
        self._changes = Changes(clock)
        self._drawn_s: float | None = None
        self._is_closed = False
        self._lock = threading.RLock()  # a signal may come while this very thread draws
        atexit.register(self.close)

    @classmethod
    def on(cls, stream: TextIO, environ: Mapping[str, str], clock: Callable[[], float] = time.monotonic) -> Self:
        """As the user wants it: $NO_COLOR, and a terminal that can move no cursor."""
        is_terminal = stream.isatty() and environ.get("TERM", "") not in ("dumb", "unknown", "")
        return cls(stream, is_terminal, None, clock, has_colour=not environ.get("NO_COLOR"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def show(self, standing: Standing) -> None:
        with self._lock:
            if self._is_closed:
                return
            if not self.is_terminal:
                self._write_changes(standing)
            elif self._is_due():
                self._drawn_s = self._clock()
                self._region.draw(panel(standing, self._region.columns))

    def say(self, line: str) -> None:
        """It stays."""
        with self._lock:
            self._region.above_styled(Line.of((one_line(line), "dim")))

    @contextmanager
    def logs_above(self, *loggers: str) -> Iterator[None]:
        """While it lasts, lines of Chaos Toolkit and others come to stand above the region, whole."""
        if not self.is_terminal:
            yield
            return
        with led_above(self._above, loggers or (CHAOS_TOOLKIT,)):
            yield

    def conclude(self, result: Mapping[str, Any]) -> None:
        """The region gives way to the summary."""
        with self._lock:
            self.close()
            self._region.above(summary(result, self._region.columns, self.has_colour))

    def close(self) -> None:
        """The region is gone, the cursor is back. Any number of times."""
        with self._lock:
            self._is_closed = True
            self._region.remove()
            atexit.unregister(self.close)

    def _above(self, lines: str) -> None:
        with self._lock:
            self._region.above(lines)

    def _is_due(self) -> bool:
        return self._drawn_s is None or self._clock() - self._drawn_s >= REDRAWN_EVERY_S

    def _write_changes(self, standing: Standing) -> None:
        for line in self._changes.of(standing):
            self._region.above(line)
