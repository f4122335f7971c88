"""Runs another program until it ends or we are told to stop; it never outlives us."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from chaos_aura.stack.fetch.stop import Stop

_POLL_S = 0.05
_LONGEST = 400
_FRAMES = re.compile(r"[\s\u2500-\u257f\u25b6\u00d7]+")
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
        super().__init__(f"{Path(program).name}: {_in_one_line(said) or 'it failed and said nothing'}")


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


def _in_one_line(said: str) -> str:
    """Without what is told before anything is wrong, and without frames drawn around it."""
    lines = (line for line in said.splitlines() if not line.startswith("go: downloading"))
    return _FRAMES.sub(" ", " ".join(lines)).strip()[-_LONGEST:]


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode(errors="replace")
