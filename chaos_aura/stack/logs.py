"""What services wrote: the end of a log, and what is added to it."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

_BLOCK_BYTES = 64 * 1024
_LOOK_EVERY_S = 0.1


def tail(log: Path, lines: int) -> tuple[str, ...]:
    """The last lines, oldest first. Reads from the end: a log may be large."""
    if lines <= 0 or not log.exists():
        return ()
    with log.open("rb") as content:
        position = content.seek(0, os.SEEK_END)
        block = b""
        while position and block.count(b"\n") <= lines:
            step = min(_BLOCK_BYTES, position)
            position = content.seek(position - step)
            block = content.read(step) + block
            content.seek(position)
    return tuple(block.decode("utf-8", errors="replace").splitlines()[-lines:])


def follow(log: Path) -> Iterator[str]:
    """Every line that is added from now on, without an end. Goes on with the new file after a rotation."""
    position = log.stat().st_size if log.exists() else 0
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
