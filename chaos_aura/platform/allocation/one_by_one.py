"""Those who waited for the same thing go on one after another: all at once they would stand in everyone's way."""

import asyncio
import time
from collections.abc import Callable


class OneByOne:
    def __init__(self, every_s: float, at_most_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._every_s = every_s
        self._at_most_s = at_most_s
        self._clock = clock
        self._next_s = clock()

    async def turn(self) -> None:
        """Comes after those that asked before, and never later than `at_most_s`."""
        now_s = self._clock()
        turn_s = min(max(self._next_s, now_s), now_s + self._at_most_s)
        self._next_s = turn_s + self._every_s
        await asyncio.sleep(turn_s - now_s)
