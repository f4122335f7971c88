"""What services wrote: the end of a log, and what is added to it."""

import codecs
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from chaos_aura.core.errors import MachineLacks

_BLOCK_BYTES = 64 * 1024
_LOOK_EVERY_S = 0.1


def services(folder: Path) -> list[str]:
    """Those that have a log in it."""
    try:
        return sorted(log.stem for log in folder.iterdir() if log.suffix == ".log")
    except FileNotFoundError:
        return []
    except OSError as cause:
        raise MachineLacks.because(cause) from cause


def size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


def tail(log: Path, lines: int, end: int | None = None) -> tuple[str, ...]:
    """The last lines before `end` bytes, oldest first. Reads from there backwards: a log may be large."""
    position = size(log) if end is None else end
    if lines <= 0 or not position:
        return ()
    with log.open("rb") as content:
        block = b""
        while position and block.count(b"\n") <= lines:
            step = min(_BLOCK_BYTES, position)
            position = content.seek(position - step)
            block = content.read(step) + block
    return tuple(block.decode("utf-8", errors="replace").splitlines()[-lines:])


def follow(log: Path, start: int) -> Iterator[str]:
    """Every line from `start` bytes on, without an end. A file that was put aside is read to its end first."""
    while True:
        with _awaited(log) as content:
            content.seek(start)
            yield from _lines(_added(content, log))
        start = 0


def _lines(texts: Iterator[str]) -> Iterator[str]:
    rest = ""
    for text in texts:
        *whole, rest = (rest + text).split("\n")
        yield from whole
    if rest:
        yield rest


def _added(content: BinaryIO, log: Path) -> Iterator[str]:
    """Until another file has its name. A block may end in the middle of a letter."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    while True:
        is_last = not _is_at(log, content)  # asked before: what was written until then is read yet
        if os.fstat(content.fileno()).st_size < content.tell():
            content.seek(0)
        block = content.read(_BLOCK_BYTES)
        yield decoder.decode(block)
        if not block and is_last:
            return
        if not block:
            time.sleep(_LOOK_EVERY_S)


def _awaited(log: Path) -> BinaryIO:
    while True:
        try:
            return cast("BinaryIO", log.open("rb", buffering=0))
        except FileNotFoundError:
            time.sleep(_LOOK_EVERY_S)


def _is_at(log: Path, content: BinaryIO) -> bool:
    try:
        return os.path.samestat(log.stat(), os.fstat(content.fileno()))
    except FileNotFoundError:
        return False
