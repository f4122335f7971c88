"""Lines sorted into buckets by their key: all lines of one key are together, and only one bucket is in memory."""

import tempfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

_MOST = 256  # that many files are open at once


class Buckets(Protocol):
    """A line ends with a line feed; those of one key keep their order."""

    def add(self, key: bytes, line: bytes) -> None: ...

    def each(self) -> Iterator[list[bytes]]:
        """Nothing can be added any more. Read once."""
        ...


class OneBucket:
    """In memory."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []

    def add(self, key: bytes, line: bytes) -> None:
        self._lines.append(line)

    def each(self) -> Iterator[list[bytes]]:
        yield self._lines


class FileBuckets:
    """In files of that folder, which must be new. What was read is removed."""

    def __init__(self, folder: Path, count: int) -> None:
        folder.mkdir()
        self._paths = [folder / str(nth) for nth in range(count)]
        self._open = ExitStack()
        self._files: list[BinaryIO] = [self._open.enter_context(path.open("wb")) for path in self._paths]

    def close(self) -> None:
        self._open.close()

    def add(self, key: bytes, line: bytes) -> None:
        self._files[zlib.crc32(key) % len(self._files)].write(line)

    def each(self) -> Iterator[list[bytes]]:
        self.close()
        for path in self._paths:
            lines = path.read_bytes().splitlines(keepends=True)
            path.unlink()
            yield lines


class Sorter:
    """Makes buckets for so many bytes: `sorter.buckets("requests")`."""

    def __init__(self, folder: Path | None, count: int) -> None:
        self.count = count
        self._folder = folder
        self._made: list[FileBuckets] = []

    def buckets(self, name: str) -> Buckets:
        if self._folder is None:
            return OneBucket()
        self._made.append(FileBuckets(self._folder / name, self.count))
        return self._made[-1]

    def close(self) -> None:
        for each in self._made:
            each.close()


@contextmanager
def sorter_for(size: int, most_bytes: int) -> Iterator[Sorter]:
    """In memory where all of it is small, else in files, which are gone in the end."""
    if size <= most_bytes:
        yield Sorter(None, 1)
        return
    count = min(_MOST, 1 + size // most_bytes)
    with (
        tempfile.TemporaryDirectory(prefix="chaos-aura-") as scratch,
        closing(Sorter(Path(scratch), count)) as sorter,
    ):
        yield sorter
