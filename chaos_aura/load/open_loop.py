"""Begins each thing when it is due, in a greenlet of its own, whatever became of those before."""

import time
from collections.abc import Callable, Sequence

import gevent  # type: ignore[import-untyped]
from gevent.event import Event  # type: ignore[import-untyped]
from gevent.pool import Group  # type: ignore[import-untyped]

_AT_ONCE = 50  # in a row, before those that have begun get a turn
_CUT_WITHIN_S = 2.0
_NS = 1e9


class OpenLoop:
    """`most` are under way at once; whatever is due beyond that is left out, and `left_out` is told."""

    def __init__(self, most: int, left_out: Callable[[], None]) -> None:
        self._most = most
        self._left_out = left_out
        self._under_way = Group()

    def __len__(self) -> int:
        return len(self._under_way)

    def run(self, due_ns: Sequence[int], begin: Callable[[int], None], stopping: Event) -> int:
        """`begin` gets the number of each. How many were due when all had begun or it was to stop."""
        in_a_row = 0
        for nth, at_ns in enumerate(due_ns):
            wait_ns = at_ns - time.monotonic_ns()
            if wait_ns > 0:
                stopping.wait(wait_ns / _NS)
                in_a_row = 0
            elif in_a_row >= _AT_ONCE:
                gevent.sleep(0)
                in_a_row = 0
            if stopping.is_set():
                return nth
            in_a_row += 1
            self._begin(nth, begin)
        return len(due_ns)

    def join(self, timeout_s: float) -> None:
        self._under_way.join(timeout=timeout_s)

    def cut(self) -> None:
        """What is still under way."""
        self._under_way.kill(timeout=_CUT_WITHIN_S)

    def _begin(self, nth: int, begin: Callable[[int], None]) -> None:
        if len(self._under_way) >= self._most:
            self._left_out()
        else:
            self._under_way.spawn(begin, nth)
