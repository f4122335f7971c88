"""How many retries all calls may make together. Without it, they multiply the load of a dependency that ails."""

import itertools
import threading
from collections.abc import Callable

from chaos_aura.platform.guards.deadline import Clock

_RESERVE_S = 10.0  # so many seconds of the steady allowance may be saved up


class RetryBudget:
    """A token bucket filled by time and by calls. Counting a call takes no lock: the tokens are reckoned at a retry."""

    def __init__(self, share: float, per_s: float, clock: Clock) -> None:
        self._share = share
        self._per_s = per_s
        self._clock = clock
        self._most = max(1.0, per_s * _RESERVE_S)
        self._tokens = min(self._most, per_s)
        self._reckoned_s = clock()
        self._reckoned_calls = 0
        self._reads = itertools.count()
        self._calls = itertools.count()
        self._lock = threading.Lock()
        # A step of itertools.count is one instruction of C: no call of any thread is lost.
        self.count_call: Callable[[], int] = self._calls.__next__

    def take(self) -> bool:
        """May one more retry be made? Then it is counted."""
        with self._lock:
            self._reckon()
            if self._tokens < 1.0:
                return False
            self._tokens -= 1.0
            return True

    def _reckon(self) -> None:
        now_s, calls = self._clock(), next(self._calls) - next(self._reads)
        earned = (now_s - self._reckoned_s) * self._per_s + (calls - self._reckoned_calls) * self._share
        self._tokens = min(self._most, self._tokens + earned)
        self._reckoned_s, self._reckoned_calls = now_s, calls
