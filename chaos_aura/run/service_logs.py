"""What the services wrote while a run went on, cut out of their logs, so that a run can be read when they are gone."""

import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

_MOST_BYTES = 20_000_000  # of each


class Marks:
    """Where each file ended when the run began. One that has been rotated since is taken from its beginning."""

    def __init__(self, folder: Path, pattern: str, most_bytes: int = _MOST_BYTES) -> None:
        self._folder = folder
        self._pattern = pattern
        self._most_bytes = most_bytes
        self._ends = {path.name: (path.stat().st_ino, path.stat().st_size) for path in _files(folder, pattern)}

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
        inode, end = self._ends.get(path.name, (0, 0))
        status = path.stat()
        start = end if status.st_ino == inode and status.st_size >= end else 0
        start = max(start, status.st_size - self._most_bytes)
        if start >= status.st_size:
            return 0
        with path.open("rb") as source, to.open("wb") as target:
            source.seek(start)
            shutil.copyfileobj(source, target)
        return status.st_size - start


def _files(folder: Path, pattern: str) -> list[Path]:
    return sorted(path for path in folder.glob(pattern) if path.is_file()) if folder.is_dir() else []
