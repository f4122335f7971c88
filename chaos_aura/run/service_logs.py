"""What the services wrote while a run went on, cut out of their logs, so that a run can be read when they are gone."""

import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_MOST_BYTES = 20_000_000  # of each
_KNOWN_BYTES = 512


class Marks:
    """Where each file ended when the run began, also one that has been rotated since, which has another name then."""

    def __init__(self, folder: Path, pattern: str, most_bytes: int = _MOST_BYTES) -> None:
        self._folder = folder
        self._pattern = pattern
        self._most_bytes = most_bytes
        self._ends: list[_Mark] = []
        for path in _files(folder, pattern):
            with suppress(OSError):  # renamed in this moment
                self._ends.append(_Mark.of(path))

    def copy_since(self, to: Path) -> Mapping[str, int]:
        """How many bytes of each. What cannot be copied is left out: it decides nothing."""
        copied: dict[str, int] = {}
        with suppress(OSError):
            to.mkdir(exist_ok=True)
            for path in _files(self._folder, self._pattern):
                with suppress(OSError):
                    copied[path.name] = self._copy(path, to / path.name)
        return copied

    def _copy(self, path: Path, to: Path) -> int:
        status = path.stat()
        known = [mark.start_in(path, status.st_size) for mark in self._ends]
        start = max([*known, status.st_size - self._most_bytes, 0])
        if start >= status.st_size:
            return 0
        with path.open("rb") as source, to.open("wb") as target:
            source.seek(start)
            shutil.copyfileobj(source, target)
        return status.st_size - start


class _Mark(NamedTuple):
    """Known again by its beginning, as a file that was put aside is, or by what it ended with, as a copy of its end."""

    service: str
    end: int
    head: bytes
    tail: bytes

    @classmethod
    def of(cls, path: Path) -> "_Mark":
        end = path.stat().st_size
        return cls(_service(path), end, _part(path, 0, end), _part(path, max(0, end - _KNOWN_BYTES), end))

    def start_in(self, path: Path, size: int) -> int:
        """Where what was written since begins; 0 in a file that has nothing of this one."""
        if _service(path) != self.service or not self.tail:
            return 0
        if size >= self.end and _part(path, 0, self.end) == self.head:
            return self.end
        place = path.read_bytes().rfind(self.tail)
        return 0 if place < 0 else place + len(self.tail)


def _service(path: Path) -> str:
    return path.name.partition(".")[0]


def _part(path: Path, start: int, end: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(min(end - start, _KNOWN_BYTES))


def _files(folder: Path, pattern: str) -> list[Path]:
    return sorted(path for path in folder.glob(pattern) if path.is_file()) if folder.is_dir() else []
