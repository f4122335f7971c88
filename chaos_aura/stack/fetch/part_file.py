"""A jar half fetched: `<name>.part`, which outlives an interruption and is hashed while it grows."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_CHUNK_BYTES = 1 << 20


class PartFile:
    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self.size = 0
        stream.seek(0)
        while chunk := stream.read(_CHUNK_BYTES):
            self._count(chunk)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def append(self, chunk: bytes) -> None:
        self._stream.write(chunk)
        self._count(chunk)

    def restart(self) -> None:
        self._stream.truncate(0)
        self._digest = hashlib.sha256()
        self.size = 0

    def _count(self, chunk: bytes) -> None:
        self._digest.update(chunk)
        self.size += len(chunk)


@contextmanager
def opened_part(path: Path) -> Iterator[PartFile]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as stream:
        yield PartFile(stream)
