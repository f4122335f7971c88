"""Faults on the edges of a running stack, its Toxiproxy restarted and stopped, and strangers who use it too."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import Request, urlopen

from awaiting import wait_until
from grounds import ground_of
from hurting import is_well, process_of, runs_anew

from chaos_aura.core.fault import Fault, Undo
from chaos_aura.core.kinds import KINDS
from chaos_aura.faults.contract import Case
from chaos_aura.stack.running import RunningStack
from injectors.toxiproxy import ToxiproxyInjector

_WELL_WITHIN_S = 60


def fault(kind: str, target: str, **parameters: Any) -> Fault:
    return Fault(kind, target, KINDS[kind].read(parameters), 60)


def case_of(stack: RunningStack, kind: str, target: str, *, hurts_server: bool = False, **parameters: Any) -> Case:
    """With `hurts_server` the contract also restarts and stops Toxiproxy. No witness: strangers may use it, too."""

    def restart() -> None:
        former = process_of(stack, "toxiproxy")
        os.kill(former.pid, signal.SIGKILL)
        wait_until(lambda: runs_anew(stack, "toxiproxy", former), 30, "toxiproxy runs again")

    def restore() -> None:
        stack.supervisor.start("toxiproxy")
        wait_until(lambda: is_well(stack), _WELL_WITHIN_S, "all is healthy again")

    return Case(
        ToxiproxyInjector(ground_of(stack)),
        fault(kind, target, **parameters),
        stack.catalogue.target(target),
        str(stack.project.home),
        restart=restart if hurts_server else None,
        remove=(lambda: stop_toxiproxy(stack)) if hurts_server else None,
        restore=restore if hurts_server else lambda: None,
        why_not_ended="" if hurts_server else "as with each kind on one edge",
    )


def stop_toxiproxy(stack: RunningStack) -> None:
    """Ended, not only asked to end."""
    former = process_of(stack, "toxiproxy")
    stack.supervisor.stop("toxiproxy")
    wait_until(lambda: not former.is_alive(), 30, "toxiproxy has ended")


@contextmanager
def in_force(case: Case) -> Iterator[Undo]:
    """Proven; then healed and proven gone, whatever happens inside."""
    undo = case.prepared()
    try:
        case.injector.inject(undo)
        wait_until(lambda: case.injector.in_force(undo).holds, 5, f"{case.fault} in force")
        yield undo
    finally:
        case.healed(undo)


@contextmanager
def stranger(stack: RunningStack, edge: str, kind: str, **attributes: int) -> Iterator[str]:
    """Somebody's own toxic on that edge, by its name."""
    name = f"somebodys-{kind}"
    ask(stack, "POST", f"/proxies/{edge}/toxics", {"name": name, "type": kind, "attributes": attributes})
    try:
        yield name
    finally:
        ask(stack, "DELETE", f"/proxies/{edge}/toxics/{name}")


def toxics_on(stack: RunningStack, edge: str) -> dict[str, Any]:
    return {toxic["name"]: toxic for toxic in ask(stack, "GET", f"/proxies/{edge}")["toxics"]}


def ask(stack: RunningStack, method: str, path: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = Request(f"{stack.catalogue.service('toxiproxy').uri}{path}", data, method=method)
    with urlopen(request, timeout=5) as answer:
        return json.loads(answer.read() or b"null")
