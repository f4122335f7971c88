"""Carries out one process's share of a plan, from its first arrival until nothing of it is held."""

import gc
import random
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import gevent  # type: ignore[import-untyped]
from gevent.event import AsyncResult, Event  # type: ignore[import-untyped]

from chaos_aura.core.errors import ChaosAuraError, MachineLacks, ServiceUnhealthy
from chaos_aura.load.asks import Ask, Fitted, fitted
from chaos_aura.load.client import Client
from chaos_aura.load.open_loop import OpenLoop
from chaos_aura.load.plan import LoadPlan
from chaos_aura.load.progress import Progress
from chaos_aura.load.share import Share
from chaos_aura.load.state import STATE, Doing, LoadState
from chaos_aura.load.story import CANARY_WITHIN_S, Tenants, Told
from chaos_aura.record.history import History

MOST_UNDER_WAY = 5000
_MOST_CANARIES = 2500
_TELLS_EVERY_S = 0.25
_INVENTORY_WITHIN_S = 15.0
_AGAIN_S = 0.25
_NS = 1e9


@dataclass(frozen=True, slots=True)
class Files:
    """Of one process. One that is alone has the plain names."""

    history: Path
    state: Path
    writer: str

    @classmethod
    def of(cls, folder: Path, share: Share) -> "Files":
        if share.of == 1:
            return cls(folder / "history-load.jsonl", folder / STATE, "load")
        name = share.writer
        return cls(folder / f"history-{name}.jsonl", folder / f"load-state-{name}.json", name)


class Driver:
    """`share` is asked for when everything is ready: it says when the load begins. `told` hears of every try."""

    def __init__(self, plan: LoadPlan, folder: Path, share: Callable[[], Share], told: Told) -> None:
        self._plan = plan
        self._folder = folder
        self._share = share
        self._told = told
        self._client = Client(plan.address)
        self._stopping, self._over = Event(), Event()
        self._ended = AsyncResult()
        self._drain_s = plan.drain_s
        self._doing = Doing.STARTING

    def stop(self, within_s: float | None = None) -> None:
        """No new arrivals. `within_s` instead of the plan's time to drain, where that is longer."""
        if within_s is not None:
            self._drain_s = min(self._drain_s, within_s)
        self._stopping.set()

    def run(self) -> LoadState:
        """Until the last phase is over or it is stopped, and all is given back. Whatever goes wrong is in the state."""
        files = Files.of(self._folder, Share.alone(0))
        try:
            asks = fitted(self._plan, self._inventory())
            share = self._share()
            files = Files.of(self._folder, share)
            gc.freeze()  # all that is known by now stays: nobody has to wait while it is looked through
            state = self._carry_out(share, files, asks)
        except Exception as cause:  # noqa: BLE001 - the border: nobody else would tell of it
            state = LoadState(Doing.FAILED, at=time.monotonic_ns(), why=_told(cause))
            with suppress(OSError):  # then the end of the process has to tell
                state.write(files.state)
        finally:
            self._client.close()
        self._ended.set(state)
        return state

    def wait(self) -> LoadState:
        """For whoever lets another greenlet run it."""
        ended: LoadState = self._ended.get()
        return ended

    def _inventory(self) -> dict[str, int]:
        """How many there are of each type. The API may be a moment away when the load begins."""
        until_s = time.monotonic() + _INVENTORY_WITHIN_S
        while True:
            reply = self._client.ask("GET", "/gpus", self._plan.timeout_s)
            total = reply.document.get("total")
            if isinstance(total, Mapping):
                return {str(name): int(count) for name, count in total.items()}
            if time.monotonic() > until_s or self._stopping.wait(_AGAIN_S):
                raise ServiceUnhealthy(
                    self._plan.url, f"GET /gpus was not answered: {reply.reason}", "look at it: chaos-aura status"
                )

    def _carry_out(self, share: Share, files: Files, asks: Fitted) -> LoadState:
        history = History(files.history, files.writer)
        progress = Progress(self._plan, files.state, history, share, asks.hold_s)
        teller = gevent.spawn(self._tell_all_the_time, progress)
        try:
            self._doing = Doing.RUNNING
            chance = random.Random(self._plan.seed)
            tenants = Tenants(
                self._plan, self._client, history, progress.tally, self._told, asks.hold_s, self._stopping, chance
            )
            self._arrive(tenants, progress, share, share.part(list(asks.asks)))
        finally:
            self._over.set()
            teller.join()
            history.close()
        return progress.tell(Doing.ENDED, progress.left())

    def _arrive(self, tenants: Tenants, progress: Progress, share: Share, asks: Sequence[Ask]) -> None:
        def live(nth: int) -> None:
            progress.began(progress.due_ns[nth])
            progress.tally.begun += 1
            tenants.live(asks[nth], progress.due_ns[nth])

        def fly(nth: int) -> None:
            progress.began(canaries_ns[nth])
            tenants.canary(canaries_ns[nth])

        def left_out() -> None:
            progress.tally.not_begun += 1

        canaries_ns = share.part(self._plan.canaries_ns(progress.began_ns))
        arrivals, canaries = OpenLoop(MOST_UNDER_WAY, left_out), OpenLoop(_MOST_CANARIES, left_out)
        flying = gevent.spawn(canaries.run, canaries_ns, fly, self._stopping)
        due = arrivals.run(progress.due_ns, live, self._stopping)
        self._stopping.wait(max(0.0, self._plan.lasts_s - (time.monotonic_ns() - progress.began_ns) / _NS))
        self._stopping.set()
        progress.stopped(due)
        self._drain(arrivals)
        flying.join()
        canaries.join(CANARY_WITHIN_S)
        canaries.cut()

    def _drain(self, arrivals: OpenLoop) -> None:
        """What is held is given back at once, what is in doubt is asked again, for as long as there is time."""
        self._doing = Doing.DRAINING
        began_s = time.monotonic()
        while len(arrivals) and time.monotonic() < began_s + self._drain_s:
            arrivals.join(_AGAIN_S)
        arrivals.cut()

    def _tell_all_the_time(self, progress: Progress) -> None:
        while not self._over.is_set():
            with suppress(OSError):  # a full disk is no reason to leave anything held
                progress.tell(self._doing)
            self._over.wait(_TELLS_EVERY_S)


def _told(cause: Exception) -> str:
    if isinstance(cause, ChaosAuraError):
        return str(cause)
    if isinstance(cause, OSError):
        return str(MachineLacks.because(cause))
    return "".join(traceback.format_exception_only(cause)).strip()
