"""A line of words in their styles: joined, cut, wrapped, and written for a terminal with colours or without.

Not rich's Text: to import that takes longer than all else that a run without a fault adds to `chaos run`.

Line.of("fault  ", ("in force", "bold red"), " for 8.2 s").cut(80).written(has_colour=True)
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

# Wide since Unicode 16; this Python may know an older one.
_WIDE_SINCE = (("\u2630", "\u2637"), ("\u268a", "\u268f"), ("\u4dc0", "\u4dff"), ("\U0001d300", "\U0001d376"))
_ELLIPSIS = "…"
_RESET = "\x1b[0m"
_MODES = {"bold": 1, "dim": 2, "italic": 3}
_COLOURS = {"black": 30, "red": 31, "green": 32, "yellow": 33, "blue": 34, "magenta": 35, "cyan": 36, "white": 37}
_BEHIND = 10  # from the code of a colour to that of the same colour behind the words

type Piece = str | tuple[str, str] | Line


@dataclass(frozen=True, slots=True)
class Line:
    """Each piece with its style: `bold red`, `white on green`, or none."""

    pieces: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, *pieces: Piece) -> "Line":
        made: list[tuple[str, str]] = []
        for piece in pieces:
            if isinstance(piece, Line):
                made += piece.pieces
            else:
                made.append((piece, "") if isinstance(piece, str) else piece)
        return cls(tuple(made))

    def __bool__(self) -> bool:
        return any(words for words, _ in self.pieces)

    @property
    def plain(self) -> str:
        return "".join(words for words, _ in self.pieces)

    @property
    def cells(self) -> int:
        """How wide it is on a screen."""
        return cells_of(self.plain)

    def between(self, lines: Iterable["Line"]) -> "Line":
        pieces: list[Piece] = []
        for line in lines:
            pieces += [self, line] if pieces else [line]
        return Line.of(*pieces)

    def cut(self, width: int) -> "Line":
        """What there is no room for is an ellipsis."""
        if self.cells <= width:
            return self
        end = _fitting(self.plain, 0, width - 1)
        return Line.of(self._part(0, end), _ELLIPSIS)

    def wrapped(self, width: int) -> list["Line"]:
        """Between words; one that is longer than a whole line is broken."""
        plain, lines, start = self.plain, list[Line](), 0
        while start < len(plain) or not lines:
            end = _end_of_line(plain, start, width)
            lines.append(self._part(start, end))
            start = end
            while start < len(plain) and plain[start] == " ":
                start += 1
        return lines

    def filled(self, width: int, *, is_right: bool = False) -> "Line":
        """With spaces, so that it stands at one side of a column."""
        spaces = " " * (width - self.cells)
        return Line.of(spaces, self) if is_right else Line.of(self, spaces)

    def written(self, *, has_colour: bool) -> str:
        if not has_colour:
            return self.plain
        return "".join(_styled(words, style) for words, style in self.pieces if words)

    def _part(self, start: int, end: int) -> "Line":
        part, at = [], 0
        for words, style in self.pieces:
            if taken := words[max(0, start - at) : max(0, end - at)]:
                part.append((taken, style))
            at += len(words)
        return Line(tuple(part))


def cells_of(text: str) -> int:
    return len(text) if text.isascii() else sum(map(_cells_of_one, text))


def _cells_of_one(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    if unicodedata.east_asian_width(character) in "WF":
        return 2
    return 2 if any(low <= character <= high for low, high in _WIDE_SINCE) else 1


def _end_of_line(plain: str, start: int, width: int) -> int:
    end = max(start + 1, _fitting(plain, start, width)) if plain else 0
    if end >= len(plain) or plain[end] == " ":
        return end
    space = plain.rfind(" ", start, end)
    return space if plain[start : max(start, space)].strip() else end


def _fitting(plain: str, start: int, width: int) -> int:
    """Up to where it fits."""
    if plain.isascii():
        return min(len(plain), start + max(0, width))
    end = start
    while end < len(plain) and (width := width - _cells_of_one(plain[end])) >= 0:
        end += 1
    return end


def _styled(words: str, style: str) -> str:
    before, _, behind = style.partition("on ")
    codes = [_MODES.get(each) or _COLOURS[each] for each in before.split()]
    codes += [_COLOURS[each] + _BEHIND for each in behind.split()]
    return f"\x1b[{';'.join(map(str, codes))}m{words}{_RESET}" if codes else words
