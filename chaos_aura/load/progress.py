"""How far one process's part of a load is, told in its state file."""

import time
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path

from chaos_aura.load.lag import Lag
from chaos_aura.load.plan import LoadPlan
from chaos_aura.load.share import Share
from chaos_aura.load.state import Doing, LoadState
from chaos_aura.load.tally import Tally
from chaos_aura.record.history import History

_NS = 1e9
_LATE_MS = 500.0


class Progress:
    def __init__(self, plan: LoadPlan, path: Path, history: History, share: Share, hold_s: float) -> None:
        self.tally = Tally()
        self.began_ns = share.began_here_ns
        self.due_ns: Sequence[int] = share.part(plan.arrivals_ns(self.began_ns))
        self._plan = plan
        self._path = path
        self._history = history
        self._of = share.of
        self._hold_s = round(hold_s, 3)
        self._lag = Lag()
        self._stopped_ns: int | None = None
        self._due: int | None = None

    def began(self, due_ns: int) -> None:
        now_ns = time.monotonic_ns()
        self._lag.add(now_ns - due_ns, now_ns)

    def stopped(self, due: int) -> None:
        """So many were due until now, and none will be."""
        self._stopped_ns = time.monotonic_ns()
        self._due = due

    def tell(self, doing: Doing, why: str = "") -> LoadState:
        state = self._state(doing, why)
        state.write(self._path)
        return state

    def left(self) -> str:
        """What an ended load could not bring to its end; empty when there is no such thing."""
        left = {
            "in doubt": self.tally.info + self.tally.under_way,
            "not given back": self.tally.held,
            "not begun, because too many were under way": self.tally.not_begun,
        }
        return ", ".join(f"{count} {what}" for what, count in left.items() if count)

    def _state(self, doing: Doing, why: str) -> LoadState:
        now_ns = time.monotonic_ns()
        at_ns = now_ns if self._stopped_ns is None else self._stopped_ns
        phase, rate_per_s = self._plan.at((at_ns - self.began_ns) / _NS)
        tally = self.tally
        return LoadState(
            state=doing,
            at=now_ns,
            began_ns=self.began_ns,
            phase=phase,
            rate_per_s=round(rate_per_s / self._of, 3) if doing is Doing.RUNNING else 0.0,
            due=bisect_right(self.due_ns, at_ns) if self._due is None else self._due,
            begun=tally.begun,
            not_begun=tally.not_begun,
            under_way=tally.under_way,
            ok=tally.ok,
            fail=tally.fail,
            info=tally.info,
            held=tally.held,
            lost=self._history.lost,
            hold_s=self._hold_s,
            lag_p99_ms=self._lag.p99_ms(),
            lag_p99_of_all_ms=self._lag.p99_of_all_ms(),
            why=why or (self._behind() if doing is Doing.RUNNING else ""),
        )

    def _behind(self) -> str:
        """Why it is no open loop any more, if it is none."""
        if self.tally.not_begun:
            return f"it cannot keep up: {self.tally.not_begun} arrivals were not begun"
        if (late_ms := self._lag.p99_ms()) > _LATE_MS:
            return f"it cannot keep up: arrivals begin up to {late_ms:.0f} ms late"
        return ""
