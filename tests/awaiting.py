"""Waits for what has to come true, and says what was seen instead."""

import time
from collections.abc import Callable

_LOOK_EVERY_S = 0.01


class NeverCame(AssertionError):
    pass


def wait_until[T](condition: Callable[[], T], within_s: float, what: str) -> T:
    """The first true value of the condition. What it raises is for the test to see."""
    deadline_s = time.monotonic() + within_s
    while True:
        seen = condition()
        if seen:
            return seen
        if time.monotonic() > deadline_s:
            raise NeverCame(f"within {within_s:g} s never: {what}; last seen: {seen!r}")
        time.sleep(_LOOK_EVERY_S)
