"""Every process of the machine at one moment, as /proc tells it, and how busy its processors have been."""

import os
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from chaos_aura.core.process import ProcessId

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1024 / 1024
_PROC = "/proc"
_ROOM = 1024


@dataclass(frozen=True, slots=True)
class Process:
    """`used` are ticks of its own; `of_children` those of children that have ended and that it has taken notice of."""

    id: ProcessId
    parent: int
    used: int
    of_children: int
    rss_mb: float


@dataclass(frozen=True, slots=True)
class Processors:
    """Ticks since the machine started. `busy`: of processes, whoever they are; without what interrupts take."""

    busy: int
    steal: int
    total: int
    running: int


@dataclass(frozen=True)
class Census:
    at_s: float
    processes: Mapping[int, Process]
    processors: Processors = field(default_factory=lambda: Processors(0, 0, 0, 0))

    @cached_property
    def children(self) -> Mapping[int, tuple[int, ...]]:
        found: dict[int, list[int]] = defaultdict(list)
        for process in self.processes.values():
            found[process.parent].append(process.id.pid)
        return {parent: tuple(pids) for parent, pids in found.items()}

    def family(self, pids: Iterable[int]) -> set[int]:
        """Those that live, and all that descend from any of them, living or not."""
        found: set[int] = set()
        waiting = list(pids)
        while waiting:
            pid = waiting.pop()
            if pid not in found:
                found.add(pid)
                waiting += self.children.get(pid, ())
        return found & self.processes.keys()


def take_census() -> Census:
    """The processors first: what processes use until they are asked is theirs."""
    processors = read_processors(Path(_PROC, "stat").read_bytes())
    at_s = time.monotonic()
    found = {}
    for name in os.listdir(_PROC):  # noqa: PTH208 - twice a second, and Path's own costs four times as much
        if name.isdecimal() and (process := _process(name)):
            found[process.id.pid] = process
    return Census(at_s, found, processors)


def read_processors(stat: bytes) -> Processors:
    """user nice system idle iowait irq softirq steal; what guests use is in user already."""
    lines = stat.split(b"\n")
    user, nice, system, idle, iowait, irq, softirq, steal = (int(each) for each in lines[0].split()[1:9])
    running = next(int(line.split()[1]) for line in lines if line.startswith(b"procs_running"))
    total = user + nice + system + idle + iowait + irq + softirq + steal
    return Processors(user + nice + system, steal, total, running)


def read_process(stat: bytes) -> Process:
    """The name in parentheses may hold anything, spaces and parentheses too."""
    fields = stat[stat.rindex(b")") + 2 :].split()
    return Process(
        ProcessId(int(stat[: stat.index(b" ")]), int(fields[19])),
        parent=int(fields[1]),
        used=int(fields[11]) + int(fields[12]),
        of_children=int(fields[13]) + int(fields[14]),
        rss_mb=int(fields[21]) * _PAGE_MB,
    )


def _process(name: str) -> Process | None:
    """None when it has ended meanwhile."""
    with suppress(OSError, ValueError):
        file = os.open(f"{_PROC}/{name}/stat", os.O_RDONLY | os.O_CLOEXEC)
        try:
            return read_process(os.read(file, _ROOM))
        finally:
            os.close(file)
    return None
