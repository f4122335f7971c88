"""A stack that runs: its catalogue, its supervisor, the health of its services."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from chaos_aura.core.catalogue import Catalogue
from chaos_aura.core.errors import BadInput, SupervisorFailed
from chaos_aura.core.project import Project
from chaos_aura.stack import health
from chaos_aura.stack.health import Health
from chaos_aura.stack.services import LOCAL_SERVICES
from chaos_aura.stack.supervisor.client import SupervisorClient
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
        SupervisorClient(project.home).pid()
        catalogue = read_catalogue(project)
        for service in catalogue.services:
            if service.name not in _KNOWN:
                why = f"names `{service.name}`, which this version does not know"
                raise SupervisorFailed(str(project.catalogue), why, "run: chaos-aura down, then chaos-aura up")
        return cls(project, catalogue)

    @property
    def supervisor(self) -> SupervisorClient:
        return SupervisorClient(self.project.home)

    def health(self, timeout_s: float = _CHECK_WITHIN_S) -> tuple[Health, ...]:
        """Of every service, checked side by side."""
        children = self.supervisor.children()
        with ThreadPoolExecutor() as side_by_side:
            checks = side_by_side.map(
                lambda service: health.check(self.catalogue, children[service.name], timeout_s), self.catalogue.services
            )
            return tuple(checks)

    def jobs(self) -> Mapping[str, ChildStatus]:
        return {name: child for name, child in self.supervisor.children().items() if child.is_job}


def read_catalogue(project: Project) -> Catalogue:
    try:
        text = project.catalogue.read_text(encoding="utf-8")
    except FileNotFoundError as cause:
        remedy = "run: chaos-aura down, then chaos-aura up"
        raise BadInput(str(project.catalogue), "is missing while the stack runs", remedy) from cause
    return Catalogue.from_json(text, str(project.catalogue))
