"""One fetch at a time in one cache, among all processes."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chaos_aura.core.lock import take
from chaos_aura.stack.progress import Progress


@contextmanager
def only_fetch(root: Path, progress: Progress) -> Iterator[None]:
    """The lock dies with its holder; the file stays, so that two never lock two files of one name."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / "lock").open("ab") as lock:
        if not take(lock.fileno()):
            progress.begin("cache", "waiting for another fetch to end")
            fcntl.flock(lock, fcntl.LOCK_EX)
            progress.end("cache", "the other fetch has ended")
        yield
