"""A stack that runs: its catalogue, who keeps its services, and how they are."""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from chaos_aura.containers.engine import Engine
from chaos_aura.containers.group import Group
from chaos_aura.containers.keeper import Containers
from chaos_aura.core.catalogue import DOCKER, LOCAL, Catalogue
from chaos_aura.core.errors import BadInput, StackDown, SupervisorFailed
from chaos_aura.core.project import Project
from chaos_aura.stack import health
from chaos_aura.stack.health import Health
from chaos_aura.stack.services import LOCAL_SERVICES
from chaos_aura.stack.supervisor.client import SupervisorClient
from chaos_aura.supervision.client import Supervision
from chaos_aura.supervision.state import ChildStatus

_CHECK_WITHIN_S = 5.0
_KNOWN = frozenset(service.name for service in LOCAL_SERVICES)


@dataclass(frozen=True, slots=True)
class RunningStack:
    project: Project
    catalogue: Catalogue

    @classmethod
    def of(cls, project: Project) -> "RunningStack":
        """StackDown when there is none."""
        catalogue = contained_catalogue(project)
        if catalogue is None:
            SupervisorClient(project.home).pid()
            catalogue = read_catalogue(project)
        for service in catalogue.services:
            if service.name not in _KNOWN:
                why = f"names `{service.name}`, which this version does not know"
                raise SupervisorFailed(str(project.catalogue), why, "run: chaos-aura down, then chaos-aura up")
        return cls(project, catalogue)

    @property
    def supervisor(self) -> SupervisorClient:
        """Of a local stack."""
        return SupervisorClient(self.project.home)

    @property
    def is_local(self) -> bool:
        return self.catalogue.stack == LOCAL

    @property
    def keeper(self) -> Supervision | Containers:
        return self.supervisor if self.is_local else Containers(self.catalogue, Engine(os.environ))

    def health(self, timeout_s: float = _CHECK_WITHIN_S) -> tuple[Health, ...]:
        """Of every service, checked side by side."""
        children = self.keeper.children()
        with ThreadPoolExecutor() as side_by_side:
            checks = side_by_side.map(
                lambda service: health.check(self.catalogue, children[service.name], timeout_s), self.catalogue.services
            )
            return tuple(checks)

    def keeper_pid(self) -> int | None:
        """None of containers: their engine is no part of the stack."""
        return self.supervisor.pid() if self.is_local else None

    def jobs(self) -> Mapping[str, ChildStatus]:
        return {name: child for name, child in self.keeper.children().items() if child.is_job}


def contained_catalogue(project: Project) -> Catalogue | None:
    """None where there is no stack in containers. StackDown when all that was there has been removed."""
    try:
        catalogue = read_catalogue(project)
    except BadInput:  # there is none, or none that can be read: then the supervisor knows
        return None
    if catalogue.stack != DOCKER:
        return None
    engine = Engine(os.environ)
    if not any(Group.from_dict(service.runs_in).find(engine) for service in catalogue.services):
        raise StackDown(f"stack of {project.root}", "has no container any more", "run: chaos-aura up --stack docker")
    return catalogue


def read_catalogue(project: Project) -> Catalogue:
    try:
        text = project.catalogue.read_text(encoding="utf-8")
    except FileNotFoundError as cause:
        remedy = "run: chaos-aura down, then chaos-aura up"
        raise BadInput(str(project.catalogue), "is missing while the stack runs", remedy) from cause
    except (OSError, UnicodeDecodeError) as cause:
        remedy = "run: chaos-aura down, then chaos-aura up"
        raise BadInput(str(project.catalogue), f"cannot be read ({cause})", remedy) from cause
    return Catalogue.from_json(text, str(project.catalogue))
