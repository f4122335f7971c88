"""Whether a process has been killed: /proc calls it alive until it got a processor to end and has freed what it had."""

import signal
from pathlib import Path

from chaos_aura.core.process import ProcessId
from injectors.supervised.looking import looking
from injectors.supervised.proc_stat import FLAGS, stat_of

_KILLED = 1 << (signal.SIGKILL - 1)
_ENDING = 0x4 | 0x400  # PF_EXITING, PF_SIGNALED
_HEXADECIMAL = 16


@looking()
def is_dying(process: ProcessId) -> bool:
    """Or dead. In this order: the signal stays pending until it begins to end."""
    return _is_killed(process) or _ends(process)


def _is_killed(process: ProcessId) -> bool:
    try:
        lines = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8", errors="replace").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return any(int(line.split()[1], _HEXADECIMAL) & _KILLED for line in lines if line.startswith("SigPnd:"))


def _ends(process: ProcessId) -> bool:
    fields = stat_of(process.pid)
    return not fields or bool(int(fields[FLAGS]) & _ENDING)
