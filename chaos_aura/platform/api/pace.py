"""How many requests may be under way at once, learnt from whether what they need still answers, and in time.

More than a machine can serve makes all of them late, and what is late is done twice: less comes out of it, not more.
"""

_MORE_FOR_AN_ANSWER = 0.5


class Pace:
    """Half as many when a request found too many before it, or its dependency silent; with each answer in time, slowly
    more again."""

    def __init__(self, most: int, least: int, late_s: float) -> None:
        self._most = most
        self._least = min(least, most)
        self._late_s = late_s
        self._places = float(most)
        self._halved_at_s = float("-inf")

    @property
    def at_once(self) -> int:
        return int(self._places)

    def answered(self, let_in_at_s: float, now_s: float, *, is_full: bool) -> None:
        """What is late while places are free is not late because of too many: fewer would help nobody."""
        if now_s - let_in_at_s < self._late_s:
            self._places = min(self._most, self._places + _MORE_FOR_AN_ANSWER)
        elif is_full:
            self._halve(let_in_at_s, now_s)

    def silent(self, let_in_at_s: float, now_s: float) -> None:
        self._halve(let_in_at_s, now_s)

    def _halve(self, let_in_at_s: float, now_s: float) -> None:
        """Once for all that were let in before the last time: they tell of the same trouble."""
        if let_in_at_s >= self._halved_at_s:
            self._places = max(self._least, self._places / 2)
            self._halved_at_s = now_s
