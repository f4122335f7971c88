"""What happened to a process of the platform, as typed lines for a machine: its timeline.

    {"kind": "breaker_changed", "process": "worker", "mono_ns": 81234567890, "wall_ns": 1792000000123456789,
     "dependency": "neo4j", "before": "closed", "after": "open", "cause": "ServiceUnavailable: ..."}

The monotonic clock is the machine's: it orders the events of all processes. The wall clock is for people.
"""

import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from chaos_aura.platform.observe.appended import AppendedFile, Complaint
from chaos_aura.platform.observe.encoding import as_line
from chaos_aura.platform.observe.logs import complain_of_file

type Clock = Callable[[], int]


class Happening(StrEnum):
    """The kinds that there are, with their fields. Kinds and fields are only ever added."""

    PROCESS_STARTED = "process_started"  # pid
    PROCESS_ENDED = "process_ended"
    BREAKER_CHANGED = "breaker_changed"  # dependency, before, after, cause, changed_mono_ns
    READINESS_CHANGED = "readiness_changed"  # is_ready, why
    FLAGS_CHANGED = "flags_changed"  # flags
    OVERLOADED = "overloaded"  # lane, queue


class EventLog:
    """One system call an event: a process that is killed loses nothing that it has recorded."""

    def __init__(
        self,
        path: Path,
        *,
        process: str = "",
        mono: Clock = time.monotonic_ns,
        wall: Clock = time.time_ns,
        complain: Complaint = complain_of_file,
    ) -> None:
        self._process = process or path.stem
        self._mono = mono
        self._wall = wall
        self._file = AppendedFile(path, complain=complain)

    @property
    def lost(self) -> int:
        """How many could not be written."""
        return self._file.lost

    def record(self, kind: str, /, **fields: object) -> None:
        """Never fails, never waits for more than the file system's cache."""
        line = {"kind": kind, "process": self._process, "mono_ns": self._mono(), "wall_ns": self._wall(), **fields}
        self._file.append(as_line(line))

    def close(self) -> None:
        self._file.close()
