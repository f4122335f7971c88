"""Somebody else's services: their catalogue for everything that reads one, and how each of them is."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from chaos_aura.containers.engine import Engine
from chaos_aura.core.catalogue import EXTERNAL, Catalogue
from chaos_aura.core.errors import BadInput
from chaos_aura.core.project import Project
from chaos_aura.core.project_file import FILE
from chaos_aura.stack.external.containers import Look
from chaos_aura.stack.external.described import described
from chaos_aura.stack.external.health import check
from chaos_aura.stack.health import Health
from chaos_aura.stack.kept_catalogue import write_catalogue
from chaos_aura.supervision.state import ChildStatus

_CHECK_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class ExternalStack:
    project: Project
    catalogue: Catalogue
    engine: Engine

    @classmethod
    def of(cls, project: Project, environ: Mapping[str, str]) -> "ExternalStack":
        """As `chaos-aura.toml` describes it now. BadInput when it does not, or where a stack of ours is."""
        catalogue = described(project.root)
        _keep(project, catalogue)
        return cls(project, catalogue, Engine(environ))

    def health(self, timeout_s: float = _CHECK_WITHIN_S) -> tuple[Health, ...]:
        """Of every service, checked side by side."""
        look = Look.at(self.catalogue.services, self.engine)
        with ThreadPoolExecutor(len(self.catalogue.services)) as side_by_side:
            checks = side_by_side.map(
                lambda service: check(self.catalogue, service, look, timeout_s), self.catalogue.services
            )
            return tuple(checks)

    def refuse_strange(self, *names: str) -> None:
        """BadInput where the containers of these services are not what the file says."""
        Look.at((each for each in self.catalogue.services if each.name in names), self.engine).refuse_strange(FILE)

    def keeper_pid(self) -> int | None:
        """Whoever keeps them is no process of ours."""
        return None

    def jobs(self) -> Mapping[str, ChildStatus]:
        return {}


def _keep(project: Project, catalogue: Catalogue) -> None:
    """For all that reads the catalogue. One of ours may still run: it would lose its own."""
    former = _kept(project)
    if former == catalogue:
        return
    if former is not None and former.stack != EXTERNAL:
        why = f"is that of a {former.stack} stack, which may still run here"
        remedy = f"run: CHAOS_AURA_STACK={former.stack} chaos-aura down; then again"
        raise BadInput(str(project.catalogue), why, remedy)
    project.make()
    write_catalogue(project, catalogue)


def _kept(project: Project) -> Catalogue | None:
    """None when there is none that can be read."""
    with suppress(OSError, UnicodeDecodeError, BadInput):
        return Catalogue.from_json(project.catalogue.read_text(encoding="utf-8"), str(project.catalogue))
    return None
