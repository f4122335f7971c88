"""When a call must be over, tries and waits included."""

from collections.abc import Callable

type Clock = Callable[[], float]


class Deadline:
    """A point on a monotonic clock."""

    __slots__ = ("_clock", "ends_s")

    def __init__(self, seconds: float, clock: Clock) -> None:
        self._clock = clock
        self.ends_s = clock() + seconds

    @property
    def remaining_s(self) -> float:
        """Not above 0 once it has passed."""
        return self.ends_s - self._clock()

    def leaves_time_after(self, seconds: float) -> bool:
        return self.remaining_s > seconds
