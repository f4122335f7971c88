"""How many requests may be under way at once, learnt from whether what they need still answers.

More than a machine can serve makes all of them late, and what is late is done twice: less comes out of it, not more.
"""

_MORE_FOR_AN_ANSWER = 0.5


class Pace:
    """Half as many when a request found its dependency silent; with each answer, slowly more again."""

    def __init__(self, most: int, least: int) -> None:
        self._most = most
        self._least = min(least, most)
        self._places = float(most)
        self._halved_at_s = float("-inf")

    @property
    def at_once(self) -> int:
        return int(self._places)

    def answered(self) -> None:
        self._places = min(self._most, self._places + _MORE_FOR_AN_ANSWER)

    def silent(self, let_in_at_s: float, now_s: float) -> None:
        """Once for all that were let in before the last time: they tell of the same trouble."""
        if let_in_at_s >= self._halved_at_s:
            self._places = max(self._least, self._places / 2)
            self._halved_at_s = now_s
