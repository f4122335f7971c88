"""A process with all that belongs to it, and the state of their threads: read from /proc."""

import os
from collections.abc import Iterable
from dataclasses import dataclass

from chaos_aura.core.process import ProcessId

_DEAD = frozenset((b"Z", b"X"))
_STOPPED = frozenset((b"T", b"t"))
_PARENT, _SESSION, _START = 1, 3, 19  # of the fields after the name
_LONGEST = 1024


@dataclass(frozen=True, slots=True)
class Threads:
    """How many there are and how many of them are stopped."""

    stopped: int
    all: int

    def __add__(self, other: "Threads") -> "Threads":
        return Threads(self.stopped + other.stopped, self.all + other.all)


def family_of(process: ProcessId) -> tuple[ProcessId, ...]:
    """It, all of the session that it leads, and whatever these have started. None when it is dead itself."""
    if not process.is_alive():
        return ()
    rows = {pid: fields for pid in _pids() if (fields := _stat(f"/proc/{pid}/stat")) and fields[0] not in _DEAD}
    members = {pid for pid, fields in rows.items() if pid == process.pid or int(fields[_SESSION]) == process.pid}
    while started := {pid for pid, fields in rows.items() if int(fields[_PARENT]) in members} - members:
        members |= started
    if not process.is_alive():
        return ()
    return tuple(ProcessId(pid, int(rows[pid][_START])) for pid in sorted(members))


def threads_of(processes: Iterable[ProcessId]) -> Threads:
    """Of all that live."""
    return sum((_threads(process) for process in processes if process.is_alive()), Threads(0, 0))


def described(processes: Iterable[ProcessId]) -> str:
    """`process 12` or `processes 12, 13`"""
    pids = [str(process.pid) for process in processes]
    return f"process{'es' if len(pids) > 1 else ''} {', '.join(pids)}"


def _threads(process: ProcessId) -> Threads:
    try:
        tasks = os.listdir(f"/proc/{process.pid}/task")  # noqa: PTH208 - a JVM has hundreds
    except OSError:
        return Threads(0, 0)
    stats = (_stat(f"/proc/{process.pid}/task/{task}/stat") for task in tasks)
    states = [fields[0] for fields in stats if fields and fields[0] not in _DEAD]
    return Threads(sum(state in _STOPPED for state in states), len(states))


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 - as above


def _stat(path: str) -> list[bytes]:
    """The fields after the name, which may hold anything. Empty when it has ended.

    Bare system calls: a look at a service reads hundreds of these, and takes a third of the time so.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return []
    try:
        text = os.read(descriptor, _LONGEST)
    except OSError:
        return []
    finally:
        os.close(descriptor)
    return text.rpartition(b")")[2].split(None, _START + 1)
