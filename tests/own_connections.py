"""Where this process connects to: by the kernel's tables, and by every call of Python's `connect`."""

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
    ours = _own_inodes()
    found = {}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/self/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == _ESTABLISHED and fields[9] in ours:
                found[fields[9]] = int(fields[2].rpartition(":")[2], 16)
    return found


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


def _own_inodes() -> set[str]:
    inodes = set()
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the listing's own descriptor is gone by now
            kind, _, rest = os.readlink(link).partition(":")  # noqa: PTH115
            if kind == "socket":
                inodes.add(rest.strip("[]"))
    return inodes
