"""Who listens on a port that should be ours, told from /proc for an error message."""

import os
from contextlib import suppress
from pathlib import Path

_LISTENING = "0A"


def holder_of(port: int) -> str:
    """`process 4242 (nginx)`; `another program` when it belongs to a user whose processes we may not see."""
    inodes = _listening_inodes(port)
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and inodes & _socket_inodes(folder):
            name = (folder / "comm").read_text(encoding="utf-8", errors="replace").strip()
            return f"process {folder.name} ({name})"
    return "another program"


def _listening_inodes(port: int) -> set[str]:
    inodes = set()
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                    inodes.add(fields[9])
    return inodes


def _socket_inodes(folder: Path) -> set[str]:
    found = set()
    with suppress(OSError):
        for descriptor in (folder / "fd").iterdir():
            with suppress(OSError):
                found.add(os.readlink(descriptor).removeprefix("socket:[").removesuffix("]"))  # noqa: PTH115
    return found
