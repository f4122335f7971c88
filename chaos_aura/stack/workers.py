"""How many workers a stack has. Each could run from its start; those in the catalogue are wanted, the others spare."""

import time
from collections.abc import Iterable
from dataclasses import replace

from chaos_aura.core.catalogue import Catalogue, Service
from chaos_aura.core.errors import SupervisorFailed
from chaos_aura.core.project import Project
from chaos_aura.stack.progress import Progress
from chaos_aura.stack.running import RunningStack
from chaos_aura.stack.services import LOCAL_SERVICES, WORKERS
from chaos_aura.stack.services.member import listens_at
from chaos_aura.stack.services.worker import Worker
from chaos_aura.supervision.state import ChildState

_LOOK_EVERY_S = 0.05
_BEYOND_GRACE_S = 10.0


def count_of(catalogue: Catalogue) -> int:
    return len(_names(WORKERS) & _names(catalogue.services))


def with_workers(catalogue: Catalogue, project: Project, count: int) -> Catalogue:
    """The same with so many."""
    spare = _names(WORKERS[count:])
    members = {service.name: service for service in catalogue.services if service.name not in spare}
    for worker in WORKERS[:count]:
        if worker.name not in members:
            members[worker.name] = worker.listening_at(listens_at(worker.name, project))
    return replace(catalogue, services=tuple(members[one.name] for one in LOCAL_SERVICES if one.name in members))


def retire_spare(running: RunningStack, progress: Progress) -> tuple[str, ...]:
    """Those that ran and are not wanted. Each finishes what it is doing, within its grace."""
    leaving = _running_spare(running)
    for name, state in leaving.items():
        progress.begin(name, "finishing its work")
        if state is not ChildState.STOPPING:
            running.supervisor.stop(name)
    deadline_s = time.monotonic() + Worker.grace_s + _BEYOND_GRACE_S
    while left := _running_spare(running):
        if time.monotonic() > deadline_s:
            raise SupervisorFailed(
                "supervisor", f"does not end {', '.join(left)}", "look at: chaos-aura logs supervisor"
            )
        time.sleep(_LOOK_EVERY_S)
    for name in leaving:
        progress.end(name, "ended")
    return tuple(leaving)


def _running_spare(running: RunningStack) -> dict[str, ChildState]:
    spare = _names(WORKERS) - _names(running.catalogue.services)
    states = {name: child.state for name, child in running.supervisor.children().items() if name in spare}
    return {name: state for name, state in states.items() if state is not ChildState.STOPPED}


def _names(things: Iterable[Worker | Service]) -> set[str]:
    return {thing.name for thing in things}
