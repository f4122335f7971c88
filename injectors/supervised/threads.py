"""The threads of processes, and whether they are stopped."""

import os
from collections.abc import Iterable
from dataclasses import dataclass

from chaos_aura.core.process import ProcessId
from injectors.supervised.looking import looking
from injectors.supervised.proc_stat import DEAD, STATE, read_stat

_STOPPED = frozenset((b"T", b"t"))


@dataclass(frozen=True, slots=True)
class Threads:
    """How many there are and how many of them are stopped."""

    stopped: int
    all: int

    def __add__(self, other: "Threads") -> "Threads":
        return Threads(self.stopped + other.stopped, self.all + other.all)


@looking()
def threads_of(processes: Iterable[ProcessId]) -> Threads:
    """Of all that live."""
    return sum((_threads(process) for process in processes if process.is_alive()), Threads(0, 0))


def _threads(process: ProcessId) -> Threads:
    try:
        tasks = os.listdir(f"/proc/{process.pid}/task")  # noqa: PTH208 - a JVM has hundreds
    except (FileNotFoundError, ProcessLookupError):
        return Threads(0, 0)
    stats = (read_stat(f"/proc/{process.pid}/task/{task}/stat") for task in tasks)
    states = [fields[STATE] for fields in stats if fields and fields[STATE] not in DEAD]
    return Threads(sum(state in _STOPPED for state in states), len(states))
