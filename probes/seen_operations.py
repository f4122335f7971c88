"""The operations of the current run, or those of its last seconds, from the histories that its load writes."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from chaos_aura.core.errors import BadInput
from chaos_aura.core.operation import ALLOCATE, RELEASE, Operation, Outcome
from chaos_aura.record.following import HISTORIES
from chaos_aura.record.history import read_history
from probes.run import Run

OF_TENANTS = (ALLOCATE, RELEASE)
_NS = 1e9


@dataclass(frozen=True)
class Window:
    """Those that ended within it, and those that have begun and not ended. It ends now, or with the last that ended
    when the whole run is meant."""

    lasted_s: float
    ended: Sequence[Operation]
    under_way: Sequence[Operation]

    def of(self, *whats: str) -> list[Operation]:
        return [each for each in self.ended if each.what in whats]

    def ok(self, *whats: str) -> list[Operation]:
        return [each for each in self.of(*whats) if each.outcome is Outcome.OK]


def window(window_s: float, run: Run | None = None) -> Window:
    """`window_s` 0 is the whole run. BadInput outside a run."""
    if window_s < 0:
        raise BadInput("window_s", f"{window_s:g} is below zero", "0 is the whole run")
    folder = (run or Run.current()).folder
    operations = read_history(sorted(folder.glob(HISTORIES))).operations
    return seen_within(operations, window_s, time.monotonic_ns())


def seen_within(operations: Sequence[Operation], window_s: float, now_ns: int) -> Window:
    ended = [each for each in operations if each.ended_ns is not None]
    under_way = [each for each in operations if each.ended_ns is None]
    if window_s:
        from_ns, until_ns = now_ns - int(window_s * _NS), now_ns
    else:
        from_ns = min((each.invoked_ns for each in operations), default=now_ns)
        until_ns = max((each.ended_ns or 0 for each in ended), default=now_ns)
    within = [each for each in ended if each.ended_ns is not None and from_ns <= each.ended_ns <= until_ns]
    return Window((until_ns - from_ns) / _NS, within, under_way)
