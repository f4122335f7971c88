"""A way to hurt one container, whatever becomes of the others."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from chaos_aura.containers.container import Container
from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.fault import Capability, Fault, Proof
from chaos_aura.core.process import ProcessId

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """What an act will do to one container: what it has to remember, and what it says to people."""

    data: Data = field(default_factory=dict)
    touches: tuple[str, ...] = ()
    by_hand: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """A container as it was when the fault was prepared. `process`: of this machine, empty when it cannot be seen."""

    id: str
    name: str
    number: int
    life: str
    process: str = ""

    @classmethod
    def of(cls, container: Container) -> "Known":
        process = container.process
        return cls(container.id, container.name, container.number, container.life, str(process) if process else "")

    @property
    def process_id(self) -> ProcessId | None:
        return ProcessId.parse(self.process) if self.process else None

    def lives_on(self, now: Container) -> bool:
        """It runs, and was never started anew."""
        return now.is_running and now.life == self.life


class OnOne(Protocol):
    """`now` is the container as it is. One that was removed is the matter of `Each`."""

    @property
    def written(self) -> str:
        """What of the service, as people say it."""

    def can(self, fault: Fault, now: Container) -> Capability: ...

    def takes_s(self, fault: Fault) -> float: ...

    def prepare(self, fault: Fault, now: Container, lease_id: str) -> Part: ...

    def inject(self, known: Known, now: Container, data: Data) -> None: ...

    def heal(self, known: Known, now: Container, data: Data) -> None: ...

    def in_force(self, known: Known, now: Container, data: Data) -> Proof: ...

    def gone(self, known: Known, now: Container, data: Data) -> Proof: ...


def refuse_another_life(known: Known, now: Container) -> None:
    """Nothing is done to one that nobody has looked at."""
    if not known.lives_on(now):
        raise TargetUnfit(known.name, "ended or was started anew before the fault could be injected", "try again")
