"""When a lease that could not be ended is tried again."""

import time
from collections.abc import Collection

_AGAIN_S = {"guarded": 1.0, "waiting": 0.2}
_FIRST_S = 0.5
_LONGEST_S = 30.0


class Retries:
    def __init__(self) -> None:
        self._next_s: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._guarded: set[str] = set()

    def may(self, lease_id: str, *, owner_lives: bool) -> bool:
        """At once when it was only guarded against an owner that has died since."""
        if lease_id in self._guarded and not owner_lives:
            return True
        return time.monotonic() >= self._next_s.get(lease_id, 0.0)

    def note(self, lease_id: str, ending: str) -> None:
        """One that is stuck is tried ever more rarely."""
        self._guarded.discard(lease_id)
        if ending == "guarded":
            self._guarded.add(lease_id)
        wait_s = _AGAIN_S.get(ending)
        if wait_s is None:
            failures = self._failures[lease_id] = self._failures.get(lease_id, 0) + 1
            wait_s = min(_LONGEST_S, _FIRST_S * 2 ** (failures - 1))
        self._next_s[lease_id] = time.monotonic() + wait_s

    def waits_s(self) -> list[float]:
        """Until each that is not due yet."""
        now_s = time.monotonic()
        return [next_s - now_s for next_s in self._next_s.values() if next_s > now_s]

    def forget_all_but(self, lease_ids: Collection[str]) -> None:
        for lease_id in self._next_s.keys() - lease_ids:
            del self._next_s[lease_id]
            self._guarded.discard(lease_id)
            self._failures.pop(lease_id, None)
