"""Faults on the edges of a running stack, its Toxiproxy restarted and stopped, and strangers who use it too."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from awaiting import wait_until
from grounds import ground_of
from hurting import is_well, process_of, runs_anew

from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.fault import Fault, Proof, Undo
from chaos_aura.core.kinds import KINDS
from chaos_aura.faults.awaiting import await_proof
from chaos_aura.faults.contract import Case
from chaos_aura.stack.running import RunningStack
from injectors.toxiproxy import ToxiproxyInjector

_WELL_WITHIN_S = 60
_WITHIN_S = 30  # what comes may come late on a busy machine


def fault(kind: str, target: str, **parameters: Any) -> Fault:
    return Fault(kind, target, KINDS[kind].read(parameters), 60)


def case_of(stack: RunningStack, kind: str, target: str, *, hurts_server: bool = False, **parameters: Any) -> Case:
    """With `hurts_server` the contract also restarts and stops Toxiproxy. No witness: strangers may use it, too."""

    def restart() -> None:
        former = process_of(stack, "toxiproxy")
        os.kill(former.pid, signal.SIGKILL)
        wait_until(lambda: runs_anew(stack, "toxiproxy", former), _WELL_WITHIN_S, "toxiproxy runs again")

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
        in_force_within_s=_WITHIN_S,
        gone_within_s=_WITHIN_S,
    )


def stop_toxiproxy(stack: RunningStack) -> None:
    """Ended, not only asked to end."""
    former = process_of(stack, "toxiproxy")
    stack.supervisor.stop("toxiproxy")
    wait_until(lambda: not former.is_alive(), _WELL_WITHIN_S, "toxiproxy has ended")


@contextmanager
def in_force(case: Case) -> Iterator[Undo]:
    """Proven; then healed and proven gone, whatever happens inside."""
    undo = case.injected()
    try:
        yield undo
    finally:
        case.healed(undo)


def must_hold(case: Case, undo: Undo) -> Proof:
    """Awaited: of an answer that this process was kept from taking in time, nobody can say that it came late."""
    proof = await_proof(lambda: _seen(lambda: case.injector.in_force(undo)), _WITHIN_S)
    assert proof, proof.seen
    return proof


def says(look: Callable[[], Proof], words: str) -> Proof:
    """Awaited: while a successor does not answer in time, all that is said of a Toxiproxy is that it has ended."""
    seen: list[Proof] = []

    def is_said() -> bool:
        seen.append(_seen(look))
        return words in seen[-1].seen

    wait_until(is_said, _WITHIN_S, f"it says `{words}`")
    return seen[-1]


def _seen(look: Callable[[], Proof]) -> Proof:
    """As the contract does."""
    try:
        return look()
    except ChaosAuraError as cause:
        return Proof(holds=False, seen=str(cause))


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
    """One that has just ended starts again: that is waited for."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(f"{stack.catalogue.service('toxiproxy').uri}{path}", data, method=method)

    def told() -> tuple[Any] | None:
        try:
            with urlopen(request, timeout=_WITHIN_S) as answer:
                return (json.loads(answer.read() or b"null"),)
        except URLError as cause:
            if isinstance(cause.reason, ConnectionRefusedError):
                return None
            raise

    return wait_until(told, _WELL_WITHIN_S, "toxiproxy answers")[0]
