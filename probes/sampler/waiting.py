"""What has been acknowledged to tenants and is not yet where it belongs."""

import threading
from dataclasses import dataclass
from typing import Any

from chaos_aura.core.operation import ALLOCATE, RELEASE, Outcome
from chaos_aura.record.following import Following

DECISIONS, EVENTS = "decisions", "events"
UNSEEN: dict[str, Any] = {"waiting": None, "oldest_s": None}
_NS = 1e9


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """`what` is `allocate` or `release`."""

    what: str
    allocation: str


class Waiting:
    """Since when each waits; acknowledged twice, since the first. Of any thread."""

    def __init__(self) -> None:
        self._since_ns: dict[Acknowledged, int] = {}
        self._arrived: set[Acknowledged] = set()
        self._lock = threading.Lock()

    def add(self, each: Acknowledged, at_ns: int) -> None:
        with self._lock:
            if each not in self._arrived:
                self._since_ns[each] = min(at_ns, self._since_ns.get(each, at_ns))

    def arrived(self, each: Acknowledged) -> None:
        """Also what nobody has acknowledged yet: a store may be faster than the answer."""
        with self._lock:
            self._arrived.add(each)
            self._since_ns.pop(each, None)

    def oldest_first(self) -> list[Acknowledged]:
        with self._lock:
            return sorted(self._since_ns, key=self._since_ns.__getitem__)

    def told(self, now_ns: int) -> dict[str, Any]:
        """`waiting`, `oldest_s`"""
        with self._lock:
            oldest_ns = min(self._since_ns.values(), default=now_ns)
            return {"waiting": len(self._since_ns), "oldest_s": round(max(0, now_ns - oldest_ns) / _NS, 3)}


class Backlogs:
    """Decisions of what was granted; events of that and of what was given back. Fed by the histories of a run."""

    def __init__(self, following: Following) -> None:
        self.decisions = Waiting()
        self.events = Waiting()
        self._following = following
        self._reading = threading.Lock()

    def read_on(self) -> None:
        with self._reading:
            for each in self._following.read_on():
                if each.outcome is not Outcome.OK or each.ended_ns is None:
                    continue
                if each.what == ALLOCATE:
                    self.decisions.add(Acknowledged(ALLOCATE, each.request_id), each.ended_ns)
                if each.what in (ALLOCATE, RELEASE):
                    self.events.add(Acknowledged(each.what, each.request_id), each.ended_ns)
