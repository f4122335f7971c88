"""Runs another program until it ends or we are told to stop; it never outlives us."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from chaos_aura.stack.fetch.stop import Stop

_POLL_S = 0.05
# The kernel kills the program when the thread that started it ends, however it ends.
_DIE_WITH_PARENT = """
import ctypes, os, sys
PR_SET_PDEATHSIG, SIGKILL = 1, 9
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL)
if os.getppid() != int(sys.argv[1]):
    sys.exit("our parent is gone")
os.execv(sys.argv[2], sys.argv[2:])
"""


class CommandFailed(Exception):
    def __init__(self, program: str, said: str) -> None:
        self.said = said
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        self.last_line = lines[-1] if lines else "it said nothing"
        super().__init__(f"{Path(program).name}: {self.last_line}")


def run_command(argv: Sequence[str], environ: Mapping[str, str], folder: Path, stop: Stop) -> str:
    """What it wrote to its standard output."""
    with tempfile.TemporaryFile(dir=folder) as output, tempfile.TemporaryFile(dir=folder) as complaints:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _DIE_WITH_PARENT, str(os.getpid()), *argv],
            env=dict(environ),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=complaints,
            start_new_session=True,
        )
        try:
            while process.poll() is None:
                stop.sleep(_POLL_S)
        finally:
            _end(process)
        if process.returncode != 0:
            raise CommandFailed(argv[0], _text(complaints))
        return _text(output)


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode(errors="replace")
