"""Which containers are a service: those of one compose project, or those that somebody named."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chaos_aura.containers.container import PROJECT, SERVICE, Container, Status
from chaos_aura.containers.engine import Engine
from chaos_aura.core.errors import BadInput, TargetUnfit

ONLY, ONE, ALL = "only", "one", "all"
_SHARE = re.compile(r"(\d+(?:\.\d+)?)%\Z")
_WHOLE = 100.0
_STARTABLE = (Status.CREATED, Status.EXITED)


@dataclass(frozen=True, slots=True)
class Group:
    """Containers that are one service, wherever they are: looked for anew each time, because they come and go.

    `service` in compose's project `project`, or the container that is called `container`, which must be of `project`
    where that is given. Nothing else is ever found.
    """

    project: str = ""
    service: str = ""
    container: str = ""

    def find(self, engine: Engine) -> tuple[Container, ...]:
        """By number. Empty when there are none just now. TargetUnfit for a container of another project."""
        if self.container:
            found = engine.find(self.container)
            # An engine also takes the beginning of an id for a name: of any container of the machine.
            if found and self.container not in (found.name, found.id):
                return ()
            if found and self.project and found.project != self.project:
                of = f"of project {found.project}" if found.project else "of no project"
                raise TargetUnfit(f"container {self.container}", f"is {of}, not of {self.project}", "name another one")
            return (found,) if found else ()
        if not (self.project and self.service):
            return ()  # a label without a value would be that of any project
        there = engine.containers({PROJECT: self.project, SERVICE: self.service})
        return tuple(sorted((each for each in there if not each.is_one_off), key=lambda each: (each.number, each.name)))

    def running(self, engine: Engine) -> tuple[Container, ...]:
        return tuple(each for each in self.find(engine) if each.is_running)

    def successor(self, engine: Engine, former: str, name: str, number: int) -> Container | None:
        """What the container with that id is now: itself, or whoever took its place; None when nobody did."""
        found = self.find(engine)
        for each in found:
            if each.id == former:
                return each
        return next((each for each in found if each.number == number or each.name == name), None)

    def to_dict(self) -> dict[str, str]:
        return {"project": self.project, "service": self.service, "container": self.container}

    @classmethod
    def from_dict(cls, row: Mapping[str, str]) -> "Group":
        return cls(row.get("project", ""), row.get("service", ""), row.get("container", ""))

    def __str__(self) -> str:
        return f"container {self.container}" if self.container else f"{self.service} of project {self.project}"


def chosen(which: str, found: Sequence[Container], service: str) -> tuple[Container, ...]:
    """Those that run of what an experiment means by `only`, `one`, `all`, `50%` or a container's name.

    TargetUnfit when none runs, or more than `only` one; BadInput when it is none of these words.
    """
    there = tuple(each for each in found if each.is_running)
    names = ", ".join(each.name for each in there)
    share = _SHARE.match(which)
    if which not in (ONLY, ONE, ALL) and not share and which not in {each.name for each in found}:
        why = f"{which!r} is none of only, one, all, a percentage, or a container of {service}"
        raise BadInput("which", why, f"its containers: {', '.join(each.name for each in found) or 'none'}")
    if share and not 0 < float(share[1]) <= _WHOLE:
        raise BadInput("which", f"{which} is no share", "give more than 0% and at most 100%")
    if stopped := [each for each in found if each.name == which and not each.is_running]:
        raise TargetUnfit(service, f"container {which} is {stopped[0].status.value}", _started(stopped))
    if not there:
        raise TargetUnfit(service, "has no container that runs", _started(found))
    if which == ONLY and len(there) > 1:
        raise TargetUnfit(
            service, f"has {len(there)} containers: {names}", 'say which: "which": "one", "all", "50%" or a name'
        )
    if share:
        return tuple(there[: math.ceil(len(there) * float(share[1]) / _WHOLE)])
    if which == ALL:
        return tuple(there)
    return tuple(each for each in there if each.name == which) or tuple(there[:1])


def _started(found: Sequence[Container]) -> str:
    """What to do about those that do not run. One that is just being started or removed is not ours to hurry."""
    names = [each.name for each in found if each.status in _STARTABLE]
    return f"run: docker start {' '.join(names)}" if names else "look at it: chaos-aura status"
