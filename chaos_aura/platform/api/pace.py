"""How many requests may be under way at once, learnt from how long they take.

More than a machine can serve makes all of them late, and what is late is done twice: less comes out of it, not more.
"""

_MORE_FOR_A_QUICK_ONE = 0.25


class Pace:
    """Half as many after a slow one, one more after a few quick ones."""

    def __init__(self, most: int, least: int, slow_s: float) -> None:
        self._most = most
        self._least = min(least, most)
        self._slow_s = slow_s
        self._places = float(most)
        self._halved_at_s = float("-inf")

    @property
    def at_once(self) -> int:
        return int(self._places)

    def took(self, seconds: float, now_s: float, *, was_full: bool) -> None:
        """Quick ones tell something only while all places are taken."""
        if seconds >= self._slow_s:
            self._slow_down(seconds, now_s)
        elif was_full:
            self._places = min(self._most, self._places + _MORE_FOR_A_QUICK_ONE)

    def _slow_down(self, seconds: float, now_s: float) -> None:
        """Once for all that were let in before the last time: they tell of the same trouble."""
        if now_s - seconds >= self._halved_at_s:
            self._places = max(self._least, self._places / 2)
            self._halved_at_s = now_s
