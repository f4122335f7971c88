"""Keeps logs short: a service that crashes or complains for days must not fill the disk."""

import os
from pathlib import Path

_BLOCK_BYTES = 1024 * 1024


def put_aside(log: Path, limit_bytes: int) -> None:
    """For one that nobody has open."""
    if _is_longer(log, limit_bytes):
        log.replace(_former(log))


def cut(log: Path, limit_bytes: int) -> bool:
    """For one that a process goes on writing to: its end is copied, the file itself starts again.

    Whoever writes must have opened it to append, or it would go on where it was, behind a hole. What is written
    between the copy and the cut is lost.
    """
    if not _is_longer(log, limit_bytes):
        return False
    try:
        _copy_end(log, _former(log), limit_bytes)
    except OSError:
        _former(log).unlink(missing_ok=True)  # a full disk: room is needed more than the copy
    os.truncate(log, 0)
    return True


def _copy_end(log: Path, copy: Path, limit_bytes: int) -> None:
    with log.open("rb") as source, copy.open("wb") as target:
        size = source.seek(0, os.SEEK_END)
        left = size - source.seek(max(0, size - limit_bytes))
        while left > 0 and (block := source.read(min(left, _BLOCK_BYTES))):
            left -= target.write(block)


def _is_longer(log: Path, limit_bytes: int) -> bool:
    return log.is_file() and log.stat().st_size > limit_bytes


def _former(log: Path) -> Path:
    return log.with_name(f"{log.name}.1")
