"""Waits for services to do their first real operation, and finds out why one does not."""

import threading
import time
from collections.abc import Collection, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from chaos_aura.core.catalogue import Catalogue
from chaos_aura.core.errors import PingFailed, PortTaken, ServiceUnhealthy
from chaos_aura.pings import of_service
from chaos_aura.stack.logs import tail
from chaos_aura.stack.port_holder import holder_of
from chaos_aura.stack.progress import Progress
from chaos_aura.stack.running import RunningStack
from chaos_aura.stack.services.site import owner_of
from chaos_aura.supervision.state import ChildState, ChildStatus

_TRY_EVERY_S = 0.05  # each try takes processor time from those that are being waited for
_PING_WITHIN_S = 3.0  # the first query of a fresh Neo4j takes 2 s
_LOOK_EVERY_S = 0.25
_LOOK_FOR_STRANGERS_EVERY_S = 2.0
_HOPELESS_RESTARTS = 3
_SHOWN_LINES = 12


def await_healthy(
    stack: RunningStack,
    names: Collection[str],
    timeout_s: float,
    progress: Progress,
    ports_by_name: Mapping[str, int] | None = None,
) -> dict[str, float]:
    """Seconds until each was healthy. ServiceUnhealthy (or PortTaken) for the first that will not be."""
    began_s = time.monotonic()
    given_up = threading.Event()
    judge = _Judge(stack, began_s + timeout_s, ports_by_name or {})
    took_s: dict[str, float] = {}
    with ThreadPoolExecutor(max_workers=len(names) or 1) as side_by_side:
        waits: dict[Future[float], str] = {}
        for name in names:
            progress.begin(name, "starting")
            waits[side_by_side.submit(_first_pong, stack.catalogue, name, began_s, given_up)] = name
        try:
            while waits:
                done, _ = wait(waits, timeout=_LOOK_EVERY_S, return_when=FIRST_COMPLETED)
                for future in done:
                    name = waits.pop(future)
                    took_s[name] = future.result()
                    progress.end(name, f"healthy after {took_s[name]:.1f} s")
                judge.refuse_the_hopeless(tuple(waits.values()))
        finally:
            given_up.set()
    return took_s


def _first_pong(catalogue: Catalogue, name: str, began_s: float, given_up: threading.Event) -> float:
    while not given_up.is_set():
        try:
            of_service.ping(catalogue, name, _PING_WITHIN_S)
        except PingFailed:
            given_up.wait(_TRY_EVERY_S)
        else:
            break
    return time.monotonic() - began_s


class _Judge:
    """Says when waiting is in vain: a stranger has the port, the process does not stay up, the time is over."""

    def __init__(self, stack: RunningStack, deadline_s: float, ports_by_name: Mapping[str, int]) -> None:
        self._stack = stack
        self._deadline_s = deadline_s
        self._ports_by_name = ports_by_name
        self._former_restarts = {name: child.restarts for name, child in stack.keeper.children().items()}
        self._look_for_strangers_s = time.monotonic() + _LOOK_FOR_STRANGERS_EVERY_S

    def refuse_the_hopeless(self, waiting: Collection[str]) -> None:
        if not waiting:
            return
        children = self._stack.keeper.children()
        if time.monotonic() > self._look_for_strangers_s:
            self._look_for_strangers_s = time.monotonic() + _LOOK_FOR_STRANGERS_EVERY_S
            for name in waiting:
                self._refuse_strangers(children[name])
        for name in waiting:
            child = children[name]
            restarts = child.restarts - self._former_restarts[name]
            if child.state is ChildState.WAITING and restarts >= _HOPELESS_RESTARTS:
                self._refuse_strangers(child)
                raise self._unhealthy(child, f"does not stay up: {child.last_end}, {restarts + 1} times")
            if time.monotonic() > self._deadline_s:
                raise self._unhealthy(child, self._why_late(child))

    def _refuse_strangers(self, child: ChildStatus) -> None:
        for port_name, port in self._ports_by_name.items():
            if owner_of(port_name) != child.name:
                continue
            holder = holder_of(port)
            if holder and holder.pid not in _pids(child) | self._pids_now(child.name):
                why = f"port {port} was taken by {holder} after it was chosen"
                raise PortTaken(child.name, why, "run: chaos-aura down, then chaos-aura up")

    def _pids_now(self, name: str) -> set[int]:
        """Asked after the holder was seen: the service may have been started again since the last look."""
        return _pids(self._stack.keeper.children()[name])

    def _why_late(self, child: ChildStatus) -> str:
        try:
            of_service.ping(self._stack.catalogue, child.name, _PING_WITHIN_S)
        except PingFailed as failed:
            return f"is not healthy in time: {failed.why}"
        return "took too long to get healthy"

    def _unhealthy(self, child: ChildStatus, why: str) -> ServiceUnhealthy:
        log = self._stack.project.log(child.name)
        error = ServiceUnhealthy(child.name, why, f"its whole log: {log}")
        error.log_lines = tail(log, _SHOWN_LINES)
        return error


def _pids(child: ChildStatus) -> set[int]:
    return {child.process.pid} if child.process else set()
