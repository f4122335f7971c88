"""The containers of somebody else's services, as they are just now, and whether they are those that were meant."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from chaos_aura.containers.container import PROJECT, Container
from chaos_aura.containers.engine import Engine
from chaos_aura.containers.group import Group
from chaos_aura.core.catalogue import Service
from chaos_aura.core.errors import BadInput, ChaosAuraError, MachineLacks, NotAnswered, TargetUnfit


@dataclass(frozen=True, slots=True)
class Look:
    """By service, of those that are said to run in containers: those `found`, running or not, or what is `wrong`.

    `blind`: why nobody could look; else empty.
    """

    found: Mapping[str, tuple[Container, ...]] = field(default_factory=dict)
    wrong: Mapping[str, ChaosAuraError] = field(default_factory=dict)
    blind: str = ""

    @classmethod
    def at(cls, services: Iterable[Service], engine: Engine) -> "Look":
        """Never raises: health can be told without an engine, too."""
        contained = [service for service in services if service.is_contained]
        if not contained:
            return cls()
        try:
            with engine.talking():
                engine.api.ping()
            with ThreadPoolExecutor(len(contained)) as side_by_side:
                seen = list(side_by_side.map(lambda each: _seen(each, engine), contained))
        except ChaosAuraError as cause:
            return cls(blind=str(cause))
        named = {service.name: one for service, one in zip(contained, seen, strict=True)}
        return cls(
            {name: one for name, one in named.items() if not isinstance(one, ChaosAuraError)},
            {name: one for name, one in named.items() if isinstance(one, ChaosAuraError)},
        )

    def refuse_strange(self, file: str) -> None:
        """BadInput for what the file says of containers and is not so. What nobody could look at is left alone."""
        for name, cause in self.wrong.items():
            raise BadInput(f"{file}, {name}", f"{cause.where}: {cause.why}", cause.remedy)


def projects(containers: Iterable[Container]) -> tuple[str, ...]:
    return tuple(sorted({each.project for each in containers if each.project}))


def listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(set(names))) or "none"


def _seen(service: Service, engine: Engine) -> tuple[Container, ...] | ChaosAuraError:
    group = Group.from_dict(service.runs_in)
    try:
        return group.find(engine) or _missing(group, engine)
    except (MachineLacks, NotAnswered):
        raise
    except ChaosAuraError as wrong:
        return wrong


def _missing(group: Group, engine: Engine) -> TargetUnfit:
    if group.container:
        return TargetUnfit(f"container {group.container}", "is not there", "name one that there is: docker ps -a")
    project = f"compose project {group.project}"
    there = engine.containers({PROJECT: group.project})
    if not there:
        known = listed(projects(engine.containers({PROJECT: ""})))
        return TargetUnfit(project, "has no container", f"start it, or name another; there are: {known}")
    services = listed(each.service for each in there)
    return TargetUnfit(project, f"has no container of a service {group.service}", f"there are: {services}")
