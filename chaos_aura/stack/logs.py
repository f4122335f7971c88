"""What services wrote: the end of a log, and what is added to it."""

import time
from collections.abc import Iterator
from pathlib import Path

_BLOCK_BYTES = 64 * 1024
_LOOK_EVERY_S = 0.1


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
    """Every line from `start` bytes on, without an end. Goes on with the new file after a rotation."""
    position = start
    identity = _identity(log)
    rest = ""
    while True:
        if _identity(log) != identity:
            identity, position = _identity(log), 0
        added, position = _read_from(log, position)
        *whole, rest = (rest + added).split("\n")
        yield from whole
        if not added:
            time.sleep(_LOOK_EVERY_S)


def _read_from(log: Path, position: int) -> tuple[str, int]:
    try:
        with log.open("rb") as content:
            content.seek(position)
            added = content.read(_BLOCK_BYTES)
    except FileNotFoundError:
        return "", position
    return added.decode("utf-8", errors="replace"), position + len(added)


def _identity(log: Path) -> tuple[int, int] | None:
    try:
        status = log.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino
