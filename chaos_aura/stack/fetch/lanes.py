"""Work in several threads at once, of which the first failure, or an interruption, ends all."""

import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from chaos_aura.stack.fetch.stop import Stop

PATIENCE_S = 1.0
_KILLED_WITHIN_S = 20.0
type Lanes = Sequence[Callable[[], None]]


def run_side_by_side(builds: Lanes, downloads: Lanes, stop: Stop) -> None:
    """Raises the first failure. A download stuck in the network is left behind: it ends without touching a file.

    A build is not: it kills its programs, and clears away what they wrote.
    """
    ended: queue.SimpleQueue[Exception | None] = queue.SimpleQueue()
    building, downloading = _threads(builds, ended), _threads(downloads, ended)
    try:
        for thread in (*building, *downloading):
            thread.start()
        for _ in (*building, *downloading):
            failure = ended.get()
            if failure is not None:
                raise failure
    finally:
        stop.call()
        _join(downloading, PATIENCE_S)
        _join(building, _KILLED_WITHIN_S)


@contextmanager
def sigterm_as_interrupt() -> Iterator[None]:
    """Unless the program has its own answer to SIGTERM, or this is not the thread that is told of signals."""
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _threads(lanes: Lanes, ended: "queue.SimpleQueue[Exception | None]") -> list[threading.Thread]:
    """Daemons: the interpreter would wait at its end for any other thread that is stuck in the network."""
    return [threading.Thread(target=_run, args=(lane, ended), daemon=True) for lane in lanes]


def _run(lane: Callable[[], None], ended: "queue.SimpleQueue[Exception | None]") -> None:
    try:
        lane()
    except Exception as failure:  # noqa: BLE001 - a thread's border: whatever it is, the caller raises it
        ended.put(failure)
    else:
        ended.put(None)


def _join(threads: Sequence[threading.Thread], within_s: float) -> None:
    deadline = time.monotonic() + within_s
    for thread in threads:
        if thread.ident is not None:
            thread.join(max(0.0, deadline - time.monotonic()))
