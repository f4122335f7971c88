"""Waiting for an answer of the engine no longer than so long, while whoever asked for it does not hang up."""

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue


class StillUnanswered(Exception):
    """Not a TimeoutError: that is what sockets raise."""


def within[Answer](seconds: float, do: Callable[[], Answer]) -> Answer:
    """StillUnanswered when there is none yet: it goes on in a thread of its own, which ends with the program."""
    heard: SimpleQueue[tuple[Answer] | Exception] = SimpleQueue()

    def hear() -> None:
        try:
            heard.put((do(),))
        except Exception as cause:  # noqa: BLE001 - raised where somebody waits for it
            heard.put(cause)

    threading.Thread(target=hear, daemon=True).start()
    try:
        said = heard.get(timeout=seconds)
    except Empty:
        raise StillUnanswered from None
    if isinstance(said, Exception):
        raise said
    return said[0]
