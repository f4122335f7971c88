"""Starts a process that cannot outlive the one that started it.

The kernel kills it when the *thread* that started it ends (PR_SET_PDEATHSIG), so only a main thread may.
"""

import ctypes
import os
import signal
import subprocess
from pathlib import Path

from chaos_aura.stack.supervisor.program import Program

_PR_SET_PDEATHSIG = 1
_LOG_LIMIT_BYTES = 16 * 1024 * 1024
_LIBC = ctypes.CDLL(None, use_errno=True)


def spawn(program: Program) -> subprocess.Popen[bytes]:
    """OSError when it cannot be started."""
    log = Path(program.log)
    _rotate(log)
    parent = os.getpid()

    def bind_to_parent() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)  # the parent died before the line above; no signal will come
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        if program.nice:
            os.nice(program.nice)

    with log.open("ab") as output:
        return subprocess.Popen(
            program.argv,
            cwd=program.cwd,
            env=program.env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=bind_to_parent,  # noqa: PLW1509 - this process has one thread
        )


def _rotate(log: Path) -> None:
    """A service that crashes for days must not fill the disk with its log."""
    if log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES:
        log.replace(log.with_name(log.name + ".1"))
