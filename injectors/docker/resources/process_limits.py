"""fd_limit and file_size_limit: of the processes inside, which the kernel of this machine knows as its own."""

from dataclasses import dataclass
from typing import ClassVar

from chaos_aura.containers.container import Container
from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.fault import Capability, Fault, Proof, no
from chaos_aura.core.process import ProcessId
from injectors.docker.one import Data, Known, Part, refuse_another_life
from injectors.limits import lowering
from injectors.supervised.family import family_of


@dataclass(frozen=True)
class ProcessLimit:
    """A container that is started anew has shed it."""

    written: ClassVar[str] = "limits of files"

    def can(self, fault: Fault, now: Container) -> Capability:
        main = _main(now)
        if main is None:
            why = f"the process of {now.name} cannot be seen from this machine"
            return no(why, "run as root on the machine of its engine")
        try:
            return lowering.capability(fault, main)
        except ChaosAuraError as cause:
            return no(f"{cause.where} {cause.why}", "run as root on the machine of its engine")

    def takes_s(self, fault: Fault) -> float:
        return 0.0

    def prepare(self, fault: Fault, now: Container, lease_id: str) -> Part:
        main = _main(now)
        assert main, "`can` was asked before"
        undo = lowering.prepared(fault, main)
        return Part(undo.data, undo.touches, undo.by_hand)

    def inject(self, known: Known, now: Container, data: Data) -> None:
        refuse_another_life(known, now)
        lowering.lower(data)

    def heal(self, known: Known, now: Container, data: Data) -> None:
        lowering.give_back(data)

    def in_force(self, known: Known, now: Container, data: Data) -> Proof:
        return lowering.in_force(data)

    def gone(self, known: Known, now: Container, data: Data) -> Proof:
        return lowering.gone(data)


def _main(now: Container) -> ProcessId | None:
    """The service: where there is an init, what that has started. None when it cannot be seen."""
    first = now.process
    if first is None or not now.host_config.get("Init"):
        return first
    return next((process for process in family_of(first) if process != first), first)
