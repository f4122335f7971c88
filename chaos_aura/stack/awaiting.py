"""Waits for services to do their first real operation, and finds out why one does not."""

import threading
import time
from collections.abc import Collection, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from chaos_aura.core.catalogue import Service
from chaos_aura.core.errors import ChaosAuraError, PingFailed, PortTaken, ServiceUnhealthy
from chaos_aura.stack import health, ports
from chaos_aura.stack.build import listener_of
from chaos_aura.stack.logs import tail
from chaos_aura.stack.port_holder import holder_of
from chaos_aura.stack.progress import Progress
from chaos_aura.stack.running import RunningStack
from chaos_aura.stack.supervisor.state import ChildState, ChildStatus

_TRY_EVERY_S = 0.02
_PING_WITHIN_S = 2.0
_LOOK_EVERY_S = 0.25
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
    took_s: dict[str, float] = {}
    with ThreadPoolExecutor(max_workers=len(names) or 1) as side_by_side:
        waits: dict[Future[float], str] = {}
        for name in names:
            progress.begin(name, "starting")
            waits[side_by_side.submit(_first_pong, stack.catalogue.service(name), began_s, given_up)] = name
        try:
            while waits:
                done, _ = wait(waits, timeout=_LOOK_EVERY_S, return_when=FIRST_COMPLETED)
                for future in done:
                    name = waits.pop(future)
                    took_s[name] = future.result()
                    progress.end(name, f"healthy after {took_s[name]:.1f} s")
                _refuse_the_hopeless(stack, waits.values(), began_s + timeout_s, ports_by_name or {})
        finally:
            given_up.set()
    return took_s


def _first_pong(service: Service, began_s: float, given_up: threading.Event) -> float:
    while not given_up.is_set():
        try:
            health.ping(service, _PING_WITHIN_S)
        except PingFailed:
            given_up.wait(_TRY_EVERY_S)
        else:
            break
    return time.monotonic() - began_s


def _refuse_the_hopeless(
    stack: RunningStack, waiting: Collection[str], deadline_s: float, ports_by_name: Mapping[str, int]
) -> None:
    if not waiting:
        return
    children = stack.supervisor.children()
    for name in waiting:
        child = children[name]
        if child.state is ChildState.WAITING and child.restarts >= _HOPELESS_RESTARTS:
            raise _why_it_ends(stack, child, ports_by_name)
        if time.monotonic() > deadline_s:
            raise _why_it_is_not_healthy(stack, child)


def _why_it_ends(stack: RunningStack, child: ChildStatus, ports_by_name: Mapping[str, int]) -> ChaosAuraError:
    for port_name, port in ports_by_name.items():
        if listener_of(port_name) == child.name and not ports.is_free(port):
            return PortTaken(
                child.name, f"port {port} was taken by {holder_of(port)} after it was chosen", "run: chaos-aura up"
            )
    return _unhealthy(stack, child, f"does not stay up: {child.last_end}, {child.restarts + 1} times")


def _why_it_is_not_healthy(stack: RunningStack, child: ChildStatus) -> ChaosAuraError:
    try:
        health.ping(stack.catalogue.service(child.name), _PING_WITHIN_S)
        why = "took too long to get healthy"
    except PingFailed as failed:
        why = f"is not healthy in time: {failed.why}"
    return _unhealthy(stack, child, why)


def _unhealthy(stack: RunningStack, child: ChildStatus, why: str) -> ServiceUnhealthy:
    log = stack.project.log(child.name)
    error = ServiceUnhealthy(child.name, why, f"its whole log: {log}")
    error.log_lines = tail(log, _SHOWN_LINES)
    return error
