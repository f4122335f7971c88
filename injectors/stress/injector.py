"""The injector of everything that takes from a machine or a service what it needs."""

from typing import ClassVar

from chaos_aura.core.catalogue import Target
from chaos_aura.core.fault import Capability, Fault, Footprint, Proof, Undo
from chaos_aura.faults.ground import Ground
from injectors.stress.churn import ProcessChurn
from injectors.stress.connections import ConnectionFlood
from injectors.stress.cpu import CpuBurn
from injectors.stress.disk import DiskFull
from injectors.stress.memory import MemoryFill
from injectors.stress.part import Part, takes_s

_PARTS = (CpuBurn, MemoryFill, DiskFull, ConnectionFlood, ProcessChurn)


class StressInjector:
    name: ClassVar[str] = "stress"
    kinds: ClassVar[frozenset[str]] = frozenset(part.kind for part in _PARTS)
    settle_s: ClassVar[float] = 0.5  # a helper that a dead controller started may just be on its way

    def __init__(self, ground: Ground) -> None:
        self._parts: dict[str, Part] = {part.kind: part(ground) for part in _PARTS}

    def can(self, fault: Fault, target: Target) -> Capability:
        return self._parts[fault.kind].can(fault, target)

    def footprint(self, fault: Fault, target: Target) -> Footprint:
        return self._parts[fault.kind].footprint(fault, target)

    def takes_s(self, fault: Fault) -> float:
        return takes_s(fault)

    def prepare(self, fault: Fault, target: Target, lease_id: str) -> Undo:
        return self._parts[fault.kind].prepare(fault, target, lease_id)

    def inject(self, undo: Undo) -> None:
        self._of(undo).inject(undo)

    def heal(self, undo: Undo) -> None:
        self._of(undo).heal(undo)

    def in_force(self, undo: Undo) -> Proof:
        return self._of(undo).in_force(undo)

    def gone(self, undo: Undo) -> Proof:
        return self._of(undo).gone(undo)

    def _of(self, undo: Undo) -> Part:
        return self._parts[undo.data["kind"]]
