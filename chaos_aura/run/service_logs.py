"""What the services wrote while a run went on, cut out of their logs, so that a run can be read when they are gone."""

import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_MOST_BYTES = 20_000_000  # of each
_HEAD_BYTES = 512


class Marks:
    """Where each file ended when the run began, also one that has been rotated since, which has another name then."""

    def __init__(self, folder: Path, pattern: str, most_bytes: int = _MOST_BYTES) -> None:
        self._folder = folder
        self._pattern = pattern
        self._most_bytes = most_bytes
        self._ends: dict[int, _Mark] = {}
        for path in _files(folder, pattern):
            with suppress(OSError):  # renamed in this moment
                self._ends[path.stat().st_ino] = _Mark.of(path)

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
        mark = self._ends.get(status.st_ino)
        start = mark.end if mark and mark.is_of(path, status.st_size) else 0
        start = max(start, status.st_size - self._most_bytes)
        if start >= status.st_size:
            return 0
        with path.open("rb") as source, to.open("wb") as target:
            source.seek(start)
            shutil.copyfileobj(source, target)
        return status.st_size - start


@dataclass(frozen=True, slots=True)
class _Mark:
    """`head`: the number of a file that is gone may be another file's by now."""

    end: int
    head: bytes

    @classmethod
    def of(cls, path: Path) -> "_Mark":
        end = path.stat().st_size
        return cls(end, _head(path, end))

    def is_of(self, path: Path, size: int) -> bool:
        return size >= self.end and _head(path, self.end) == self.head


def _head(path: Path, end: int) -> bytes:
    with path.open("rb") as file:
        return file.read(min(end, _HEAD_BYTES))


def _files(folder: Path, pattern: str) -> list[Path]:
    return sorted(path for path in folder.glob(pattern) if path.is_file()) if folder.is_dir() else []
