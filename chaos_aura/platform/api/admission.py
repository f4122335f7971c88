"""Who may come in, who waits, and who is sent away at once, so that those who are in stay fast."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from chaos_aura.platform.api.pace import Pace
from chaos_aura.platform.errors import DependencyAway, DependencyFailed, PlatformError

_RETRY_AFTER_S = 1.0


@dataclass(frozen=True, slots=True)
class Limits:
    """`in_flight` at most; fewer, down to `least`, while those who are in find a dependency silent, or take longer than
    `late_s` with all places taken."""

    in_flight: int = 32
    queue: int = 64
    wait_s: float = 0.5
    least: int = 8
    late_s: float = 1.0


@dataclass(slots=True)
class Visit:
    """One that ends without an answer says something only if others were answered meanwhile: else nobody may be there
    to give any.
    """

    has_answer: bool = True


class Overloaded(PlatformError):
    """All places are taken, and so is the queue; or nobody left in time."""

    def __init__(self, lane: str, why: str, retry_after_s: float = _RETRY_AFTER_S) -> None:
        super().__init__(lane, why)
        self.retry_after_s = retry_after_s


def _unheard(_: "Lane") -> None: ...


class Lane:
    """One stream of requests with places of its own: another lane cannot starve it.

    First come, first served. Whoever is cancelled, waiting or admitted, gives its place to the next.
    """

    def __init__(
        self,
        name: str,
        limits: Limits = Limits(),
        *,
        on_refusal: Callable[["Lane"], None] = _unheard,
    ) -> None:
        self.name = name
        self.limits = limits
        self._on_refusal = on_refusal
        self._pace = Pace(limits.in_flight, limits.least, limits.late_s)
        self._in_flight = 0
        self._answered_at_s = float("-inf")
        self._waiting: dict[asyncio.Future[None], None] = {}  # ordered, and any of them leaves at no cost

    @property
    def in_flight(self) -> int:
        return self._in_flight

    @property
    def at_once(self) -> int:
        """How many are let in just now."""
        return self._pace.at_once

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[Visit]:
        """Raises Overloaded within `wait_s`."""
        await self._enter()
        loop = asyncio.get_running_loop()
        let_in_at_s, visit = loop.time(), Visit()
        try:
            yield visit
        except DependencyAway:
            self._pace.silent(let_in_at_s, loop.time())
            raise
        except (DependencyFailed, asyncio.CancelledError):
            raise  # it says nothing: nobody was asked, or nobody waited for the answer
        except Exception:
            self._answered(let_in_at_s, loop.time(), visit)  # a refusal is an answer too
            raise
        else:
            if visit.has_answer or self._answered_at_s > let_in_at_s:
                self._answered(let_in_at_s, loop.time(), visit)
        finally:
            self._leave()

    def _answered(self, let_in_at_s: float, now_s: float, visit: Visit) -> None:
        if visit.has_answer:
            self._answered_at_s = now_s
        self._pace.answered(let_in_at_s, now_s, is_full=self._in_flight >= self.at_once)

    async def _enter(self) -> None:
        if self._in_flight < self.at_once:
            self._in_flight += 1
            return
        if len(self._waiting) >= self.limits.queue:
            raise self._refusal(f"{self._in_flight} in flight and {len(self._waiting)} waiting")
        await self._queue_up()

    async def _queue_up(self) -> None:
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting[turn] = None
        patience = loop.call_later(self.limits.wait_s, self._send_away, turn)
        try:
            await turn
        except asyncio.CancelledError:
            self._forget(turn)
            raise
        finally:
            patience.cancel()

    def _forget(self, turn: "asyncio.Future[None]") -> None:
        """Of one who was cancelled. Its turn may have come in the same moment: then the place is passed on."""
        if turn in self._waiting:
            del self._waiting[turn]
        elif turn.done() and not turn.cancelled() and turn.exception() is None:
            self._leave()

    def _send_away(self, turn: "asyncio.Future[None]") -> None:
        if turn in self._waiting and not turn.done():
            del self._waiting[turn]
            turn.set_exception(self._refusal(f"nobody left within {self.limits.wait_s:g} s"))

    def _leave(self) -> None:
        self._in_flight -= 1
        while self._waiting and self._in_flight < self.at_once:
            turn = next(iter(self._waiting))
            del self._waiting[turn]
            if not turn.done():
                turn.set_result(None)
                self._in_flight += 1

    def _refusal(self, why: str) -> Overloaded:
        self._on_refusal(self)
        return Overloaded(self.name, why)


class Admission:
    """The lanes of the API. Giving back never waits behind asking: it is what makes room."""

    def __init__(self, limits: Limits = Limits(), *, on_refusal: Callable[[Lane], None] = _unheard) -> None:
        self.allocations = Lane("allocations", limits, on_refusal=on_refusal)
        self.releases = Lane("releases", limits, on_refusal=on_refusal)
        self.readings = Lane("readings", limits, on_refusal=on_refusal)

    @property
    def lanes(self) -> tuple[Lane, ...]:
        return self.allocations, self.releases, self.readings
