"""One class for the registry; each way to hurt a process is a file of its own."""

from typing import ClassVar

from chaos_aura.core.catalogue import Target
from chaos_aura.core.fault import Capability, Fault, Footprint, Proof, Undo
from chaos_aura.faults.ground import Ground
from injectors.act_of import act_of
from injectors.process.act import Act
from injectors.process.ends import End
from injectors.process.pause import Pause
from injectors.supervised.service import is_supervised


class ProcessInjector:
    """A signal is a system call, but a request to the supervisor may be read after the one that sent it has died."""

    name: ClassVar[str] = "process"
    kinds: ClassVar[frozenset[str]] = frozenset({"kill", "stop", "pause", "restart"})
    settle_s: ClassVar[float] = 0.3

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._acts: dict[str, Act] = {
            "kill": End(ground, "kill"),
            "restart": End(ground, "restart"),
            "stop": End(ground, "stop"),
            "pause": Pause(ground),
        }

    def can(self, fault: Fault, target: Target) -> Capability:
        return is_supervised(self._ground, target)

    def footprint(self, fault: Fault, target: Target) -> Footprint:
        return Footprint(frozenset({f"process {target.name}"}), frozenset({target.name}))

    def takes_s(self, fault: Fault) -> float:
        """What is asked to end has its grace."""
        return fault.number("grace_s") if "grace_s" in fault.parameters else 0.0

    def prepare(self, fault: Fault, target: Target, lease_id: str) -> Undo:
        return self._acts[act_of(fault)].prepare(fault)

    def inject(self, undo: Undo) -> None:
        self._act(undo).inject(undo.data)

    def heal(self, undo: Undo) -> None:
        self._act(undo).heal(undo.data)

    def in_force(self, undo: Undo) -> Proof:
        return self._act(undo).in_force(undo.data)

    def gone(self, undo: Undo) -> Proof:
        return self._act(undo).gone(undo.data)

    def _act(self, undo: Undo) -> Act:
        return self._acts[undo.data["act"]]
