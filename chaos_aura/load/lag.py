"""How late arrivals begin: the load's own fault, never the platform's. Counted in steps of 5 %, so it stays small."""

import math
from collections import Counter, deque

_GROWTH = math.log(1.05)
_LEAST_MS = 0.01
_KEPT_S = 60


class Lag:
    """Of the last minute, and of all."""

    def __init__(self) -> None:
        self._all: Counter[int] = Counter()
        self._minute: Counter[int] = Counter()
        self._seconds: deque[tuple[int, Counter[int]]] = deque()

    def add(self, late_ns: int, at_ns: int) -> None:
        step = _step(late_ns / 1e6)
        self._all[step] += 1
        self._minute[step] += 1
        self._second(at_ns // 1_000_000_000)[step] += 1

    def p99_ms(self) -> float:
        """Of the last minute in which anything began."""
        return _p99_ms(self._minute)

    def p99_of_all_ms(self) -> float:
        return _p99_ms(self._all)

    def _second(self, second: int) -> Counter[int]:
        if not self._seconds or self._seconds[-1][0] < second:
            self._seconds.append((second, Counter()))
            while self._seconds[0][0] <= second - _KEPT_S:
                self._minute -= self._seconds.popleft()[1]
        return self._seconds[-1][1]


def _step(ms: float) -> int:
    return 0 if ms <= _LEAST_MS else math.ceil(math.log(ms / _LEAST_MS) / _GROWTH)


def _p99_ms(steps: Counter[int]) -> float:
    """The upper end of the step: never better than it was."""
    rest = sum(steps.values()) * 0.01
    for step in sorted(steps, reverse=True):
        rest -= steps[step]
        if rest < 0:
            return round(_LEAST_MS * math.exp(_GROWTH * step), 3)
    return 0.0
