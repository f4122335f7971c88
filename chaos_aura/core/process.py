"""Who a process is, so that a number used again by the kernel is never mistaken for it."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

_DEAD_STATES = frozenset("ZX")


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A pid alone names nobody for long; with the start time (clock ticks since boot) it does."""

    pid: int
    start_ticks: int

    @classmethod
    def of(cls, pid: int) -> "ProcessId | None":
        """The living process with this number, or None. A zombie is dead."""
        stat = _read_stat(pid)
        return None if stat is None or stat[0] in _DEAD_STATES else cls(pid, stat[1])

    @classmethod
    def parse(cls, text: str) -> "ProcessId":
        """The inverse of `str`. ValueError when it is not `pid@start`."""
        pid, _, start_ticks = text.partition("@")
        return cls(int(pid), int(start_ticks))

    def __str__(self) -> str:
        return f"{self.pid}@{self.start_ticks}"

    def is_alive(self) -> bool:
        return ProcessId.of(self.pid) == self

    def uptime_s(self) -> float:
        """Seconds since it started; 0 when it is gone."""
        if not self.is_alive():
            return 0.0
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - self.start_ticks / os.sysconf("SC_CLK_TCK"))


def _read_stat(pid: int) -> tuple[str, int] | None:
    """State letter and start time. The name in parentheses may hold spaces and parentheses itself."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text[text.rindex(")") + 2 :].split()
    return fields[0], int(fields[19])
