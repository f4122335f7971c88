"""Something done again and again in a thread of its own, so that whatever it waits for delays nobody else."""

import sys
import threading
import time
from collections.abc import Callable

type Look = Callable[[float], bool]


class Ticking(threading.Thread):
    """`look` is told how late its timer woke, and says whether it has seen all that it looks for.

    It raises nothing that is to be expected; what it does raise is told once. `has_looked` is set when it has seen all
    for the first time.
    """

    def __init__(self, name: str, every_s: float, look: Look) -> None:
        super().__init__(name=name, daemon=True)
        self.has_looked = threading.Event()
        self._every_s = every_s
        self._look = look
        self._told: set[str] = set()

    def run(self) -> None:
        due_s = time.monotonic()
        while True:
            late_s = _sleep_until(due_s)
            try:
                if self._look(late_s):
                    self.has_looked.set()
            except Exception as odd:  # noqa: BLE001 - the border: one odd look must not end the watch
                self._tell(f"sampler: {self.name}: {type(odd).__name__}: {odd}")
            # A look that took longer than its time is not made up for.
            due_s = max(due_s + self._every_s, time.monotonic())

    def _tell(self, line: str) -> None:
        if line not in self._told:
            self._told.add(line)
            sys.stderr.write(line + "\n")
            sys.stderr.flush()


def _sleep_until(due_s: float) -> float:
    """How late it is then, through no fault of who was late himself."""
    left_s = due_s - time.monotonic()
    if left_s <= 0:
        return 0.0
    time.sleep(left_s)
    return max(0.0, time.monotonic() - due_s)
