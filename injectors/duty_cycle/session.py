"""The processes of one service, found by the session that its first process leads."""

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.process import ProcessId

_STATE, _SESSION, _START = 0, 3, 19
_STOPPED = "T"


@dataclass(frozen=True, slots=True)
class Member:
    process: ProcessId
    state: str

    @property
    def is_stopped(self) -> bool:
        return self.state == _STOPPED


def state_of(process: ProcessId) -> str:
    """The kernel's letter, empty when it has ended."""
    row = _stat(process.pid)
    return row[_STATE] if row and int(row[_START]) == process.start_ticks else ""


def members(leader: ProcessId) -> list[Member]:
    """Also those that outlive it. None when its number is another process's now: so is the session then."""
    now = _stat(leader.pid)
    if now and int(now[_START]) != leader.start_ticks:
        return []
    found = []
    for entry in Path("/proc").iterdir():
        row = _stat(int(entry.name)) if entry.name.isdigit() else []
        if row and int(row[_SESSION]) == leader.pid and int(row[_START]) >= leader.start_ticks:
            found.append(Member(ProcessId(int(entry.name), int(row[_START])), row[_STATE]))
    return found


def go_on(leader: ProcessId) -> None:
    """Every member, whether it seems to be stopped or not: a stop may be on its way, and this takes it back."""
    for member in members(leader):
        try:
            with suppress(ProcessLookupError):
                os.kill(member.process.pid, signal.SIGCONT)
        except PermissionError as cause:
            raise TargetUnfit(
                f"process {member.process.pid}", "is another user's", "heal as the user who injected it"
            ) from cause


def _stat(pid: int) -> list[str]:
    """Empty when it has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(")")[2].split()
