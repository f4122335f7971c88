"""crash_loop: a supervised service is killed again as often as it comes back."""

import time
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from chaos_aura.core.catalogue import Target
from chaos_aura.core.errors import StackDown
from chaos_aura.core.fault import Capability, Fault, Footprint, Proof, Undo
from chaos_aura.core.process import ProcessId
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.lasting.carrier import Carrier
from chaos_aura.supervision.state import ChildState, ChildStatus
from injectors.refusal import refuse_unless
from injectors.supervised.dying import is_dying
from injectors.supervised.reach import may_be_signalled
from injectors.supervised.service import running

_NOTICED_WITHIN_S = 1.5
_LOOK_EVERY_S = 0.02
_LATE_S = 2.0  # so much may a busy machine keep the helper from its next kill
_MS = 1000


class CrashLoopInjector:
    name: ClassVar[str] = "crash-loop"
    kinds: ClassVar[frozenset[str]] = frozenset({"crash_loop"})
    settle_s: ClassVar[float] = 0.5  # a helper that a dead controller started may just be on its way

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._carrier = Carrier(ground, Path(__file__).with_name("program.py"))

    def can(self, fault: Fault, target: Target) -> Capability:
        return may_be_signalled(self._ground, target, "killed")

    def footprint(self, fault: Fault, target: Target) -> Footprint:
        return Footprint(frozenset({f"process {target.name}"}), hurts=frozenset({target.name}))

    def takes_s(self, fault: Fault) -> float:
        """One that has just started may live for so long before it is killed first."""
        return fault.number("every_ms") / _MS

    def prepare(self, fault: Fault, target: Target, lease_id: str) -> Undo:
        refuse_unless(self.can(fault, target), target.name)
        process, every_ms = running(self._ground, target.name), int(fault.number("every_ms"))
        arguments = (self._ground.home.absolute(), target.name, every_ms)
        touches = [f"kills process {process.pid} of {target.name}, and each that comes after it"]
        more = {"process": str(process), "every_ms": every_ms}
        return self._carrier.undo(fault, lease_id, arguments, touches, takes_s=self.takes_s(fault), **more)

    def inject(self, undo: Undo) -> None:
        self._carrier.inject(undo)

    def heal(self, undo: Undo) -> None:
        try:
            self._carrier.heal(undo)
        finally:  # also when the disk is too full to say that it has ended
            with suppress(StackDown):  # nothing to bring back
                self._bring_back(undo.data["target"])

    def in_force(self, undo: Undo) -> Proof:
        if self._carrier.helper(undo) is None:
            return self._carrier.dead(undo)
        service, process = undo.data["target"], ProcessId.parse(undo.data["process"])
        kills, alive = int(self._carrier.figures(undo).get("kills", 0)), process.is_alive()
        killed = f"{service} was killed {kills} times"
        if kills == 0 or alive:
            return Proof(False, f"{killed}, process {process.pid} {'lives' if alive else 'is dead'}")
        now = self._ground.process_of(service)
        lived_s = now.uptime_s() if now else 0.0
        seen = f"{killed}, and " + (f"lives for {lived_s:.1f} s now" if now else "is dead now")
        return Proof(lived_s <= undo.data["every_ms"] / _MS + _LATE_S, seen, {"kills": kills, "lived_s": lived_s})

    def gone(self, undo: Undo) -> Proof:
        helper = self._carrier.gone(undo)
        if not helper:
            return helper
        service = undo.data["target"]
        try:
            child = self._ground.supervision.children().get(service)
        except StackDown:
            return Proof(True, f"{helper.seen}, and no stack runs")
        proof = _settled(service, child)
        return Proof(proof.holds, f"{helper.seen}, {proof.seen}", proof.facts)

    def _bring_back(self, service: str) -> None:
        """What somebody else has stopped stays so. A process just killed is waited for until that is noticed."""
        ends_s = time.monotonic() + _NOTICED_WITHIN_S
        while time.monotonic() < ends_s:
            child = self._ground.supervision.children().get(service)
            if child and child.state is ChildState.WAITING:
                self._ground.supervision.start(service)
            elif _settled(service, child):
                return
            time.sleep(_LOOK_EVERY_S)


def _settled(service: str, child: ChildStatus | None) -> Proof:
    """Running, or not to run for a reason that is not ours."""
    if child is None:
        return Proof(True, f"{service} is not supervised any more")
    if child.process and child.process.is_alive():
        if is_dying(child.process):  # the last that its helper killed
            return Proof(False, f"process {child.process.pid} of {service} is about to end")
        return Proof(child.state is ChildState.RUNNING, f"process {child.process.pid} of {service} runs")
    if child.state is ChildState.STOPPED:
        return Proof(True, f"{service} was stopped by somebody else")
    return Proof(False, f"{service} is {child.state.value}: {child.last_end or 'no process'}")
