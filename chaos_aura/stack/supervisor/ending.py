"""Waits until a supervisor and everything it started are gone, and sees to it."""

import os
import select
import signal
import time
from contextlib import suppress
from pathlib import Path

from chaos_aura.core.errors import SupervisorFailed
from chaos_aura.core.process import ProcessId
from chaos_aura.stack.supervisor.lock import is_held

_KILLED_WITHIN_S = 10.0
_TRY_EVERY_S = 0.01


def await_end(home: Path, process: ProcessId | None, within_s: float) -> None:
    """One that overstays is killed. SupervisorFailed when even that does not end it."""
    if process:
        _end(process, within_s)
    deadline_s = time.monotonic() + _KILLED_WITHIN_S
    while is_held(home):
        if time.monotonic() > deadline_s:
            who = process or "a process"
            raise SupervisorFailed("supervisor", f"{who} or what it started does not end", "look for it in: ps axf")
        time.sleep(_TRY_EVERY_S)


def _end(process: ProcessId, within_s: float) -> None:
    """By its descriptor, so that no other process can be meant."""
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    try:
        if process.is_alive() and not select.select([handle], [], [], within_s)[0]:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            select.select([handle], [], [], _KILLED_WITHIN_S)
    finally:
        os.close(handle)
