"""Lines at the bottom of a terminal that are drawn again and again; what is to stay is written above them.

Not rich's own live display: that one takes for granted that what it drew still has as many rows, which a narrower
terminal makes untrue, and it writes a line of the log through its own wrapping.
"""

import os
from collections.abc import Sequence
from typing import TextIO

from chaos_aura.report.line import Line
from chaos_aura.report.plain_text import writable

_HIDE, _SHOW = "\x1b[?25l", "\x1b[?25h"
_ERASE_BELOW = "\x1b[J"
_USUAL_ROWS = 24
_USUAL_COLUMNS = 80


class Region:
    """Each change is one write, so that nobody sees half of it. A terminal that has gone changes nothing."""

    def __init__(self, stream: TextIO, width: int | None, has_colour: bool) -> None:
        self._stream = stream
        self._width = width
        self._has_colour = has_colour
        self._drawn: list[str] = []
        self._cells: list[int] = []
        self._is_hidden = False
        self.is_gone = False

    @property
    def columns(self) -> int:
        """One less than the terminal has: a full row leaves the cursor in doubt."""
        return max(1, self._size()[0] - 1)

    def draw(self, lines: Sequence[Line]) -> None:
        lines = lines[: max(1, self._size()[1] - 1)]
        self._write("", [line.written(has_colour=self._has_colour) for line in lines], [line.cells for line in lines])

    def above(self, text: str) -> None:
        """Whole lines, as they are."""
        self._write(text if text.endswith("\n") else f"{text}\n", self._drawn, self._cells)

    def above_styled(self, line: Line) -> None:
        self.above(line.written(has_colour=self._has_colour))

    def remove(self) -> None:
        self._write("", [], [])

    def _write(self, above: str, lines: list[str], cells: list[int]) -> None:
        cursor = "" if bool(lines) is self._is_hidden else (_HIDE if lines else _SHOW)
        text = writable(self._erasing() + above + "\n".join(lines) + cursor, self._stream.encoding)
        self._drawn, self._cells, self._is_hidden = lines, cells, bool(lines)
        if not text or self.is_gone:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # ValueError: it was closed
            self.is_gone = True

    def _erasing(self) -> str:
        """The terminal may have become narrower since, and its rows more."""
        if not self._cells:
            return ""
        columns = self._size()[0]
        rows = sum(max(1, -(-cells // columns)) for cells in self._cells)
        return "\r" + (f"\x1b[{rows - 1}A" if rows > 1 else "") + _ERASE_BELOW

    def _size(self) -> tuple[int, int]:
        try:
            size = os.get_terminal_size(self._stream.fileno())
        except (OSError, ValueError):
            size = os.terminal_size((0, 0))
        return self._width or size.columns or _USUAL_COLUMNS, size.lines or _USUAL_ROWS
