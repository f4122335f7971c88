"""Where a process connects to: by the kernel's tables, and by every call of this Python's `connect`."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from chaos_aura.core.address import LOOPBACK

_ESTABLISHED = "01"
_recorders: list[set[int]] = []


def established() -> dict[str, int]:
    """Remote port of each of this process's established TCP connections, by the socket's inode."""
    ours = _sockets(os.getpid())
    return {row[9]: int(row[2].rpartition(":")[2], 16) for row in _rows() if row[9] in ours}


def has_sent_what_nobody_read(pid: int, port: int) -> bool:
    """Bytes of that process wait at the other end of one of its connections to that port of this machine."""
    rows, theirs = _rows(), _sockets(pid)
    ends = {(row[2], row[1]) for row in rows if row[9] in theirs and int(row[2].rpartition(":")[2], 16) == port}
    return any((row[1], row[2]) in ends and int(row[4].rpartition(":")[2], 16) for row in rows)


@contextmanager
def python_connects() -> Iterator[set[int]]:
    """The ports on loopback that Python code of this process tried from now on, with success or without."""
    tried: set[int] = set()
    _recorders.append(tried)
    try:
        yield tried
    finally:
        _recorders.remove(tried)


def _record(event: str, arguments: tuple[Any, ...]) -> None:
    if _recorders and event == "socket.connect":
        match arguments[1]:
            case (host, int(port), *_):
                assert host == LOOPBACK, arguments
                for tried in _recorders:
                    tried.add(port)


# An audit hook cannot be removed: there is one, and without a recorder it does nothing.
sys.addaudithook(_record)


def _rows() -> list[list[str]]:
    """Established connections of this machine, as the kernel lists them."""
    lines: list[str] = []
    for table in ("tcp", "tcp6"):
        lines += Path(f"/proc/self/net/{table}").read_text(encoding="ascii").splitlines()[1:]
    return [fields for line in lines if (fields := line.split())[3] == _ESTABLISHED]


def _sockets(pid: int) -> set[str]:
    inodes = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed by now, as the listing's own descriptor is
            kind, _, rest = os.readlink(link).partition(":")  # noqa: PTH115
            if kind == "socket":
                inodes.add(rest.strip("[]"))
    return inodes
