"""What failed or was interrupted is undone, and that cannot be interrupted again."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def undone_on_failure(undo: Callable[[], object], unless: type[BaseException] | None = None) -> Iterator[None]:
    """What failed with `unless` has done nothing that could be undone."""
    try:
        yield
    except BaseException as cause:
        if unless is None or not isinstance(cause, unless):
            with uninterrupted():
                undo()
        raise


@contextmanager
def uninterrupted() -> Iterator[None]:
    """A second Ctrl-C must not leave half a stack; the shutdown it would interrupt is bounded."""
    former = {number: signal.signal(number, signal.SIG_IGN) for number in _INTERRUPTIONS}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
