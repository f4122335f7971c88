"""Starts the daemon of a folder, and exactly one."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from chaos_aura.core.errors import SupervisorFailed
from chaos_aura.stack.supervisor.lock import is_taken, open_lock
from chaos_aura.stack.supervisor.program import Programs
from chaos_aura.supervision.place import LOG, PROGRAMS

_START_WITHIN_S = 20.0
_FREE_WITHIN_S = 10.0
_TRY_EVERY_S = 0.02


def launch(
    home: Path,
    programs: Programs,
    is_running: Callable[[], bool],
    inherit: tuple[int, ...],
    until_ready: tuple[int, ...],
) -> None:
    """Returns when it listens. Interrupted before that, none starts."""
    with _alone(home, is_running) as lock:
        with _written(home):
            programs.write(home / PROGRAMS)
        starter = _run_starter(home, lock, inherit, until_ready)
    if starter.returncode:
        word = starter.stderr.strip().splitlines()[-1:] or ["died without a word"]
        raise SupervisorFailed("supervisor", word[0].removeprefix("supervisor: "), f"its log: {home / LOG}")


@contextmanager
def _alone(home: Path, is_running: Callable[[], bool]) -> Iterator[int]:
    """Waits for one that is about to listen, so as to name it, and for the end of what a killed one left."""
    deadline_s = time.monotonic() + _FREE_WITHIN_S
    with _written(home):
        lock = open_lock(home)
    try:
        while is_taken(lock):
            if is_running() or time.monotonic() > deadline_s:
                why = "another one runs this stack already"
                raise SupervisorFailed("supervisor", why, "run: chaos-aura status")
            time.sleep(_TRY_EVERY_S)
        yield lock
    finally:
        os.close(lock)


@contextmanager
def _written(home: Path) -> Iterator[None]:
    try:
        yield
    except OSError as cause:
        why = f"{home} cannot be written ({os.strerror(cause.errno or 0)})"
        raise SupervisorFailed("supervisor", why, "make it a folder that you may write") from cause


def _run_starter(
    home: Path, lock: int, inherit: tuple[int, ...], until_ready: tuple[int, ...]
) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(
            # -P: the current folder is the user's; what lies there must not pass for a module of ours
            [sys.executable, "-P", "-m", "chaos_aura.stack.supervisor", str(home), *map(str, (lock, *until_ready))],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            timeout=_START_WITHIN_S,
            check=False,
            pass_fds=(lock, *inherit, *until_ready),
            start_new_session=True,  # a Ctrl-C meant for the command must not reach the daemon
        )
    except subprocess.TimeoutExpired as cause:
        why = f"did not listen within {_START_WITHIN_S:g} s"
        raise SupervisorFailed("supervisor", why, f"its log: {home / LOG}") from cause
