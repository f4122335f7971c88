"""A file of lines that somebody else is still writing, read on from where it was."""

from pathlib import Path

_MOST_BYTES = 16 * 1024 * 1024  # at once


class Lines:
    """A last line without its end is left for later: it may still be being written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._at = 0

    def read_on(self) -> list[bytes]:
        """What was added since, without empty lines. Nothing while there is no such file."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._at)
                added = file.read(_MOST_BYTES)
        except FileNotFoundError:
            return []
        whole = added[: added.rfind(b"\n") + 1]
        self._at += len(whole)
        return [line for line in whole.split(b"\n") if line]
