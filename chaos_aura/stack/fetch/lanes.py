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


def run_side_by_side(lanes: Sequence[Callable[[], None]], stop: Stop) -> None:
    """Raises the first failure. A lane stuck in the network is left behind: it ends without touching a file."""
    ended: queue.SimpleQueue[Exception | None] = queue.SimpleQueue()
    # Daemons: the interpreter would wait at its end for any other thread that is stuck in the network.
    threads = [threading.Thread(target=_run, args=(lane, ended), daemon=True) for lane in lanes]
    try:
        for thread in threads:
            thread.start()
        for _ in threads:
            failure = ended.get()
            if failure is not None:
                raise failure
    finally:
        stop.call()
        _join(threads)


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


def _run(lane: Callable[[], None], ended: "queue.SimpleQueue[Exception | None]") -> None:
    try:
        lane()
    except Exception as failure:  # noqa: BLE001 - a thread's border: whatever it is, the caller raises it
        ended.put(failure)
    else:
        ended.put(None)


def _join(threads: Sequence[threading.Thread]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    for thread in threads:
        if thread.ident is not None:
            thread.join(max(0.0, deadline - time.monotonic()))
