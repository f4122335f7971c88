"""The containers of a stack as its keeper tells them: in the same words as a supervisor tells its processes."""

import signal
from dataclasses import dataclass

from chaos_aura.containers.container import Container, Status
from chaos_aura.containers.engine import Engine
from chaos_aura.containers.group import Group
from chaos_aura.core.catalogue import Catalogue, Service
from chaos_aura.supervision.state import ChildState, ChildStatus, ChildStatuses

_STATES = {
    Status.RUNNING: ChildState.RUNNING,
    Status.PAUSED: ChildState.RUNNING,
    Status.RESTARTING: ChildState.WAITING,
    Status.REMOVING: ChildState.STOPPING,
}
_KILLED = 128


@dataclass(frozen=True)
class Containers:
    """Those of one catalogue."""

    catalogue: Catalogue
    engine: Engine

    def children(self) -> ChildStatuses:
        """By service. Of several containers the first that is not well, because that is what people look for."""
        return ChildStatuses(
            (service.name, self.child(service)) for service in self.catalogue.services if service.is_contained
        )

    def child(self, service: Service) -> ChildStatus:
        found = Group.from_dict(service.runs_in).find(self.engine)
        if not found:
            return ChildStatus(service.name, ChildState.STOPPED, None, 0, "there is no container", 0.0, False)
        worst = min(found, key=lambda each: each.is_running)
        state = _STATES.get(worst.status, ChildState.STOPPED)
        restarts = sum(each.restarts for each in found)
        return ChildStatus(service.name, state, worst.process, restarts, ended(worst), 0.0, False)


def ended(container: Container) -> str:
    """How its last process ended; empty while one runs, and before the first."""
    if container.is_running or not container.started_at:
        return ""
    if container.oom_killed:
        return "killed for want of memory"
    code = container.exit_code
    return f"signal {code - _KILLED}" if _KILLED < code < _KILLED + signal.NSIG else f"exit {code}"
