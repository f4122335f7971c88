"""How the API's dependencies are, found out in the background: whoever asks is answered at once and costs nothing."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from chaos_aura.platform.errors import DependencyFailed
from chaos_aura.platform.guards import Guard

# Whatever is asked has its own limit, below this: only a look that is stuck somewhere else meets it.
_LOOK_WITHIN_S = 3.0


class Readiness:
    """Away without the one dependency that nothing works without, degraded without another."""

    def __init__(
        self,
        dependencies: Sequence["Dependency"],
        *,
        indispensable: str,
        every_s: float = 1.0,
        on_change: Callable[["Status", "Status", str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._dependencies = dependencies
        self._indispensable = indispensable
        self._every_s = every_s
        self._on_change = on_change
        self._clock = clock
        self._told = Status.AWAY
        self._looking: list[asyncio.Task[None]] = []

    @property
    def status(self) -> "Status":
        away = {each.name for each in self._dependencies if not each.answers}
        if self._indispensable in away:
            return Status.AWAY
        return Status.DEGRADED if away else Status.READY

    def document(self) -> dict[str, Any]:
        told = {each.name: each.document(self._clock()) for each in self._dependencies}
        return {"status": self.status, "dependencies": told}

    def start(self) -> None:
        """Each dependency is looked at by itself: one that hangs does not blind us to the others."""
        self._looking = [asyncio.create_task(self._watch(each)) for each in self._dependencies]

    async def close(self) -> None:
        for task in self._looking:
            task.cancel()
        await asyncio.gather(*self._looking, return_exceptions=True)

    async def _watch(self, dependency: "Dependency") -> None:
        while True:
            began_s = self._clock()
            await dependency.look(self._clock)
            self._tell_change()
            await asyncio.sleep(max(0.0, began_s + self._every_s - self._clock()))

    def _tell_change(self) -> None:
        if self.status is not self._told:
            before, self._told = self._told, self.status
            self._on_change(before, self._told, "; ".join(each.why for each in self._dependencies if each.why))


class Status(StrEnum):
    READY = "ready"
    DEGRADED = "degraded"
    AWAY = "away"


@dataclass(slots=True)
class Dependency:
    """`ping` is one cheap real operation, through the guard, so that a breaker also notices what nobody uses."""

    name: str
    guard: Guard
    ping: Callable[[], Awaitable[object]]
    answers: bool = False
    latency_s: float | None = field(default=None, init=False)
    seen_at_s: float | None = field(default=None, init=False)
    why: str = field(default="not asked yet", init=False)

    async def look(self, clock: Callable[[], float]) -> None:
        began_s = clock()
        try:
            async with asyncio.timeout(_LOOK_WITHIN_S):
                await self.ping()
        except DependencyFailed as failed:
            self.answers, self.why = False, str(failed)
        except TimeoutError:
            self.answers, self.why = False, f"no answer within {_LOOK_WITHIN_S:g} s"
        except Exception as odd:  # noqa: BLE001 - the border: one odd answer must not end the watch
            self.answers, self.why = False, f"{type(odd).__name__}: {odd}"
        else:
            self.answers, self.why, self.latency_s = True, "", clock() - began_s
        self.seen_at_s = clock()

    def document(self, now_s: float) -> dict[str, Any]:
        return {
            "state": self.guard.state,
            "answers": self.answers,
            "latency_ms": None if self.latency_s is None else round(self.latency_s * 1000, 2),
            "age_ms": None if self.seen_at_s is None else round((now_s - self.seen_at_s) * 1000),
            "why": self.why or None,
        }
