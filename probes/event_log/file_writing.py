"""Records written to a file: beside it, and renamed when all of them are there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from chaos_aura.core.errors import BadInput, MachineLacks
from chaos_aura.judge.consistency.events import Record
from probes.event_log.lines import line_of


class FileWriting:
    """Sample of what it tells: {"written": 41}"""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file = file
        self._path = path
        self.written = 0

    def write(self, record: Record) -> None:
        try:
            self._file.write(line_of(record))
        except OSError as cause:
            raise MachineLacks.because(cause, str(self._path)) from cause
        self.written += 1

    def finish(self) -> None:
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as cause:
            raise MachineLacks.because(cause, str(self._path)) from cause


@contextmanager
def writing_file(path: Path, *, may_overwrite: bool) -> Iterator[FileWriting]:
    """BadInput when it exists. It is there only if everything within succeeded."""
    refuse_existing(path, may_overwrite=may_overwrite)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("xb") as file:
            yield FileWriting(file, path)
        beside.replace(path)
    except OSError as cause:
        raise MachineLacks.because(cause, str(path)) from cause
    finally:
        beside.unlink(missing_ok=True)


def refuse_existing(path: Path, *, may_overwrite: bool) -> None:
    if path.is_dir():
        raise BadInput(str(path), "is a folder", "name a file in it")
    if path.exists() and not may_overwrite:
        raise BadInput(str(path), "exists already", "name another file, or add --force")
