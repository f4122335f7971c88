"""Other programs, run for what they say: bounded in time, and gone when this process is."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

_WITHIN_S = 10.0
_UNTIL_WE_ARE_GONE = "import sys; sys.stdin.buffer.read()"
_ENDS_WITHIN_S = 5.0  # killed, on a machine that has much to do


@dataclass(frozen=True)
class Told:
    code: int
    out: str
    complaint: str

    @property
    def last_line(self) -> str:
        return (self.complaint.splitlines() or self.out.splitlines() or ["it said nothing"])[-1]


def ask(argv: Sequence[str], environ: Mapping[str, str] | None = None, within_s: float = _WITHIN_S) -> Told:
    """OSError when it cannot be started, TimeoutError when it does not end; then all that it started is killed."""
    process = subprocess.Popen(
        argv,
        env=None if environ is None else dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        out, complaint = process.communicate(timeout=within_s)
    except subprocess.TimeoutExpired as cause:
        raise TimeoutError(f"{argv[0]} did not end within {within_s:g} s") from cause
    finally:
        _end(process)
    return Told(process.returncode, out.strip(), complaint.strip())


@contextmanager
def guest() -> Iterator[int]:
    """The pid of a process that does nothing, to try something on. It ends when the pipe to it closes."""
    argv = [sys.executable, "-I", "-S", "-c", _UNTIL_WE_ARE_GONE]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        process.kill()
        process.communicate(timeout=_ENDS_WITHIN_S)


def _end(process: "subprocess.Popen[str]") -> None:
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=_ENDS_WITHIN_S)
