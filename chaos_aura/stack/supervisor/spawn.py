"""Starts a process that cannot outlive the one that started it. Only a main thread may."""

import os
import signal
import subprocess
from pathlib import Path

from chaos_aura.stack.supervisor.lineage import die_with_parent
from chaos_aura.stack.supervisor.program import Program
from chaos_aura.stack.supervisor.rotation import put_aside

_CANNOT_BE_SET = frozenset({signal.SIGKILL, signal.SIGSTOP})


def spawn(program: Program) -> subprocess.Popen[bytes]:
    """OSError, ValueError or SubprocessError when it cannot be started."""
    log = Path(program.log)
    put_aside(log, program.log_limit_bytes)
    parent = os.getpid()

    def bind_to_parent() -> None:
        die_with_parent(parent)
        for number in signal.valid_signals() - _CANNOT_BE_SET:
            signal.signal(number, signal.SIG_DFL)  # what this one or its launcher ignores is not the program's choice
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
