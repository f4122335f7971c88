"""The line that /proc has for each process and thread. Helpers import it too: nothing that takes time to import.

Only what /proc does not name any more has ended. Whatever else keeps it from being read is raised: it proves nothing.
"""

import os

STATE, PARENT, SESSION, FLAGS, USER_TICKS, SYSTEM_TICKS, START = 0, 1, 3, 6, 11, 12, 19  # of the fields after the name
DEAD = frozenset((b"Z", b"X"))
_LONGEST = 1024


def pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 - there are hundreds


def all_stats() -> list[tuple[int, list[bytes]]]:
    """Of all that live. Some systems hide strangers' processes (hidepid): those are no part of any service of ours."""
    found = []
    for pid in pids():
        try:
            row = stat_of(pid)
        except PermissionError:
            continue
        if row:
            found.append((pid, row))
    return found


def stat_of(pid: int) -> list[bytes]:
    return read_stat(f"/proc/{pid}/stat")


def read_stat(path: str) -> list[bytes]:
    """The fields after the name, which may hold anything. Empty when it has ended.

    Bare system calls: a look at a service reads hundreds of these, and takes a third of the time so.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except (FileNotFoundError, ProcessLookupError):
        return []
    try:
        text = os.read(descriptor, _LONGEST)
    except ProcessLookupError:
        return []
    finally:
        os.close(descriptor)
    return text.rpartition(b")")[2].split(None, START + 1)
