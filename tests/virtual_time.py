"""An event loop whose clock jumps to the next timer: time-outs of hours are tested in no time, and without noise."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any


class _NeverWaits(selectors.DefaultSelector):
    skipped_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "everyone waits for something that no timer will bring"
            self.skipped_s += max(0.0, timeout)
        return ready


class _VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._skipping = _NeverWaits()
        super().__init__(self._skipping)

    def time(self) -> float:
        return self._skipping.skipped_s


def run_virtually[T](main: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=_VirtualLoop) as runner:
        return runner.run(main)
