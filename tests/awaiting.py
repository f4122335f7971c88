"""Waits for what has to come true, and says what was seen instead."""

import time
from collections.abc import Callable

_LOOK_EVERY_S = 0.01
_REST_AT_MOST_S = 0.25


class NeverCame(AssertionError):
    pass


def wait_until[T](condition: Callable[[], T], within_s: float, what: str) -> T:
    """The first true value of the condition. What it raises is for the test to see.

    A look that takes long is repeated less often: it must not take the processors from what is awaited.
    """
    deadline_s = time.monotonic() + within_s
    while True:
        looked_s = time.monotonic()
        seen = condition()
        now_s = time.monotonic()
        if seen:
            return seen
        if now_s > deadline_s:
            raise NeverCame(f"within {within_s:g} s never: {what}; last seen: {seen!r}")
        time.sleep(min(max(now_s - looked_s, _LOOK_EVERY_S), _REST_AT_MOST_S))
