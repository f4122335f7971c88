"""What a person would see: a terminal that understands just what a live region writes, and fails on anything else."""

import re

_CONTROL = re.compile(r"\x1b\[(\?25[lh]|[0-9;]*[A-Za-z])")


class Screen:
    """Rows wrap at the width, and are wrapped anew when it changes, as terminals do."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.is_cursor_visible = True
        self.styles: set[str] = set()
        self._rows: list[tuple[str, bool]] = [("", False)]  # whether it goes on in the next row
        self._at = 0  # the cursor's row
        self._column = 0
        self._unread = ""

    @property
    def lines(self) -> list[str]:
        """As they were written, however many rows they take."""
        whole, unfinished = [], ""
        for text, goes_on in self._rows:
            unfinished += text
            if not goes_on:
                whole.append(unfinished)
                unfinished = ""
        return whole

    def resize(self, columns: int) -> None:
        """The cursor stays at the end of what was written last."""
        assert self._at == len(self._rows) - 1
        lines, self.columns, self._rows = self.lines, columns, []
        for line in lines:
            parts = [line[start : start + columns] for start in range(0, len(line), columns)] or [""]
            self._rows += [(part, place < len(parts) - 1) for place, part in enumerate(parts)]
        self._at, self._column = len(self._rows) - 1, len(self._rows[-1][0])

    def feed(self, text: str) -> None:
        text, self._unread = self._unread + text, ""
        while text:
            if text[0] == "\x1b":
                found = _CONTROL.match(text)
                if not found and len(text) < 8:
                    self._unread = text
                    return
                assert found, repr(text[:20])
                self._control(found.group(1))
                text = text[found.end() :]
            else:
                self._put(text[0])
                text = text[1:]

    def _control(self, code: str) -> None:
        if code in ("?25l", "?25h"):
            self.is_cursor_visible = code.endswith("h")
        elif code.endswith("m"):
            self.styles.add(code)
        elif code.endswith("A"):
            self._at -= int(code[:-1])
            assert self._at >= 0
        else:
            assert code == "J", code
            self._rows = [*self._rows[: self._at], (self._rows[self._at][0][: self._column], False)]

    def _put(self, character: str) -> None:
        if character == "\r":
            self._column = 0
        elif character == "\n":
            self._go_down(goes_on=False)
        else:
            assert character.isprintable(), repr(character)
            if self._column == self.columns:
                self._go_down(goes_on=True)
                self._column = 0
            text, goes_on = self._rows[self._at]
            row = text[: self._column].ljust(self._column) + character + text[self._column + 1 :]
            self._rows[self._at] = (row, goes_on)
            self._column += 1

    def _go_down(self, *, goes_on: bool) -> None:
        self._rows[self._at] = (self._rows[self._at][0], goes_on)
        self._at += 1
        if self._at == len(self._rows):
            self._rows.append(("", False))
