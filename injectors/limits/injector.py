"""Lowers a soft limit of every process of a service, and gives back the former one where it is still ours."""

from typing import ClassVar

from chaos_aura.core.catalogue import Target
from chaos_aura.core.fault import Capability, Fault, Footprint, Proof, Undo
from chaos_aura.faults.ground import Ground
from injectors.limits import lowering
from injectors.supervised.service import is_supervised, running


class LimitsInjector:
    name: ClassVar[str] = "limits"
    kinds: ClassVar[frozenset[str]] = frozenset(lowering.LIMITS)
    settle_s: ClassVar[float] = 0.0  # a system call is over before its caller can die

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def can(self, fault: Fault, target: Target) -> Capability:
        capability = is_supervised(self._ground, target)
        process = self._ground.process_of(target.name) if capability else None
        return lowering.capability(fault, process) if process else capability

    def footprint(self, fault: Fault, target: Target) -> Footprint:
        limit = lowering.LIMITS[fault.kind].name
        return Footprint(frozenset({f"limit {limit} of {target.name}"}), frozenset({target.name}))

    def prepare(self, fault: Fault, target: Target, lease_id: str) -> Undo:
        return lowering.prepared(fault, running(self._ground, target.name))

    def inject(self, undo: Undo) -> None:
        lowering.lower(undo.data)

    def heal(self, undo: Undo) -> None:
        lowering.give_back(undo.data)

    def in_force(self, undo: Undo) -> Proof:
        return lowering.in_force(undo.data)

    def gone(self, undo: Undo) -> Proof:
        return lowering.gone(undo.data)
