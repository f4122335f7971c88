"""One run at a time on a stack: two that break the same things judge each other's faults."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from chaos_aura.core.errors import FaultRefused, MachineLacks
from chaos_aura.core.lock import take
from chaos_aura.core.process import ProcessId
from chaos_aura.core.signature import sign, signer

_LOCK = "run.lock"
_WHOSE = "run.lock.json"
_LOOK_EVERY_S = 0.1


@contextmanager
def turn(home: Path, run_id: str, title: str, wait_s: float, on_wait: Callable[[str], None]) -> Iterator[None]:
    """FaultRefused, with the other one's name, when it is not over within `wait_s`. The lock ends with this process."""
    lock = _opened(home / _LOCK)
    try:
        _taken(lock, home, wait_s, on_wait)
        sign(lock, _this_process())
        (home / _WHOSE).write_text(json.dumps({"run": run_id, "title": title}), encoding="utf-8")
        yield
    finally:
        os.close(lock)


def _opened(path: Path) -> int:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as cause:
        raise MachineLacks.because(cause) from cause


def _taken(lock: int, home: Path, wait_s: float, on_wait: Callable[[str], None]) -> None:
    deadline_s, has_told = time.monotonic() + wait_s, False
    while not take(lock):
        if time.monotonic() >= deadline_s:
            waited = f" after {wait_s:g} s of waiting" if wait_s else ""
            why = f"is being used by {_whose(home)}{waited}"
            raise FaultRefused("stack", why, "run it again when that is over; the control's `wait_s` waits")
        if not has_told:
            on_wait(f"waiting for {_whose(home)}")
            has_told = True
        time.sleep(_LOOK_EVERY_S)


def _whose(home: Path) -> str:
    """`run 20261129T093012-neo4j_down (Neo4j is down), process 4711`"""
    holder = signer(home / _LOCK)
    process = f", process {holder.pid}" if holder else ""
    try:
        told = json.loads((home / _WHOSE).read_text(encoding="utf-8"))
        return f"run {told['run']} ({told['title']}){process}"
    except (OSError, ValueError, KeyError, TypeError):
        return f"another run{process}"


def _this_process() -> ProcessId:
    process = ProcessId.of(os.getpid())
    if process is None:
        raise MachineLacks("/proc", "does not tell of this process", "mount /proc")
    return process
