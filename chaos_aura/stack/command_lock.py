"""One command at a time changes a stack. Another waits for it, and says so."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

from chaos_aura.core.errors import MachineLacks
from chaos_aura.core.lock import take
from chaos_aura.core.project import Project


@contextmanager
def changing(project: Project, on_wait: Callable[[], None]) -> Iterator[int]:
    """Makes the folder when it is not there. Yields the descriptor of the lock, for who is to hold it on."""
    while True:
        project.make()
        with _opened(project) as lock:
            _take(lock, on_wait)
            if _is_still_there(lock, project):
                yield lock.fileno()
                return


def _opened(project: Project) -> IO[str]:
    try:
        return project.command_lock.open("a")
    except OSError as cause:
        raise MachineLacks.because(cause) from cause


def _take(lock: IO[str], on_wait: Callable[[], None]) -> None:
    if not take(lock.fileno()):
        on_wait()
        fcntl.flock(lock, fcntl.LOCK_EX)


def _is_still_there(lock: IO[str], project: Project) -> bool:
    """While this one waited, a purge may have removed the folder, and a third one locked a new file."""
    try:
        return os.path.samestat(os.fstat(lock.fileno()), project.command_lock.stat())
    except FileNotFoundError:
        return False
