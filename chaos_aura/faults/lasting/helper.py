"""What a helper's program is given: its arguments, when to end, and how to tell what it does."""

import os
import select
import signal
import time
from collections.abc import Sequence
from contextlib import suppress

_KILLED_AFTER_S = 1.0  # a program that does not look at its time is ended by the kernel so much later
_END_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Helper:
    """`reaper` is a descriptor of the reaper's process. The deadline is on the clock that counts from boot."""

    def __init__(self, arguments: Sequence[str], reaper: int, deadline_s: float, report: str) -> None:
        self.arguments = tuple(arguments)
        self._deadline_s = deadline_s
        self._report = report
        self._watched = (reaper, _end_signals())
        signal.setitimer(signal.ITIMER_REAL, max(0.001, deadline_s - _now_s() + _KILLED_AFTER_S))

    def wait(self, seconds: float) -> bool:
        """True after that time, False as soon as it must end: told so, its time is up, or the reaper is dead.

        To be called at least every half second; 0 only looks.
        """
        left_s = self._deadline_s - _now_s()
        ends = select.select(self._watched, (), (), max(0.0, min(seconds, left_s)))[0]
        return not ends and left_s > seconds

    def wait_to_end(self) -> None:
        while self.wait(1.0):
            pass

    def report(self, **figures: float) -> None:
        """Replaces the former one: a reader sees either whole. On a full disk the former one stays."""
        line = " ".join(f"{name}={value!r}" for name, value in {**figures, "at_s": _now_s()}.items())
        new = f"{self._report}.new"
        with suppress(OSError):
            with open(new, "w", encoding="ascii") as file:  # noqa: PTH123 - pathlib takes long to import
                file.write(line)
            os.replace(new, self._report)  # noqa: PTH105 - as above


def _end_signals() -> int:
    """A descriptor that can be read for ever once one has come."""
    ends, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
    for number in _END_SIGNALS:
        signal.signal(number, lambda _number, _frame: None)
    return ends


def _now_s() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)
