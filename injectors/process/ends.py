"""Ends a service: so that it comes back by itself, or so that it stays down until the fault ends."""

import shlex
import signal
from dataclasses import dataclass
from typing import Literal

from chaos_aura.core.errors import BadInput, StackDown
from chaos_aura.core.fault import Fault, Proof, Undo
from chaos_aura.core.process import ProcessId
from chaos_aura.faults.ground import Ground
from chaos_aura.supervision.state import ChildState, ChildStatus
from injectors.process.act import Data
from injectors.supervised.service import end_of, running
from injectors.supervised.signalling import send

_LEAVING = frozenset({ChildState.STOPPING, ChildState.RESTARTING})
_QUIET = frozenset({ChildState.STOPPED, ChildState.ENDED})


@dataclass(frozen=True)
class End:
    """`kill`: SIGKILL, and its supervisor starts it again. `restart`: the supervisor does both. `stop`: it stays down.

    The supervisor's process is recorded: what one keeps stopped, the next one does not.
    """

    ground: Ground
    act: Literal["kill", "restart", "stop"]

    def prepare(self, fault: Fault) -> Undo:
        supervisor = ProcessId.of(self.ground.supervision.pid())
        process = running(self.ground, fault.target)
        if supervisor is None:
            raise StackDown(f"stack of {self.ground.home.parent}", "is not running", "run: chaos-aura up")
        grace_s = float(fault.number("grace_s")) if "grace_s" in fault.parameters else 0.0
        data = {"act": self.act, "service": fault.target, "process": str(process), "grace_s": grace_s}
        touches = {
            "kill": f"SIGKILL to process {process.pid}; its supervisor starts it again",
            "restart": f"process {process.pid} is restarted by its supervisor, within {grace_s:g} s",
            "stop": f"process {process.pid} is ended by its supervisor, within {grace_s:g} s, and kept stopped",
        }
        by_hand = f"cd {shlex.quote(str(self.ground.home.parent))} && chaos-aura up"
        return Undo({**data, "supervisor": str(supervisor)}, (touches[self.act],), by_hand)

    def inject(self, data: Data) -> None:
        process, service = ProcessId.parse(data["process"]), data["service"]
        if self.act == "kill":
            if not send(process, signal.SIGKILL):
                raise end_of(process, service)
            return
        if self.ground.process_of(service) != process:
            raise end_of(process, service)
        order = self.ground.supervision.restart if self.act == "restart" else self.ground.supervision.stop
        order(service, data["grace_s"])

    def heal(self, data: Data) -> None:
        """What is leaving is hurried: it may have been given ten minutes, and healing has not."""
        child = self._child(data)
        if child is None:
            return
        if child.state in _LEAVING:
            self.ground.supervision.restart(child.name, 0.0)
        elif self.act == "stop" and child.state is not ChildState.RUNNING:
            self.ground.supervision.start(child.name)

    def in_force(self, data: Data) -> Proof:
        process = ProcessId.parse(data["process"])
        if process.is_alive():
            return Proof(False, f"process {process.pid} lives")
        if self.act != "stop":
            return Proof(True, f"process {process.pid} is dead")
        state = self.ground.supervision.children()[data["service"]].state
        return Proof(state in _QUIET, f"process {process.pid} is dead, {data['service']} is {state.value}")

    def gone(self, data: Data) -> Proof:
        child, former, service = self._child(data), ProcessId.parse(data["process"]), data["service"]
        if child is None:
            why = f"the stack in which {service} was ended is down, or has no {service} any more"
            return Proof(True, f"{why}: nothing is left to bring back")
        if child.state in _QUIET and self.act != "stop":
            return Proof(True, f"{child.name} is {child.state.value} by somebody else: it was not this fault")
        if child.state is not ChildState.RUNNING or child.process is None or not child.process.is_alive():
            return Proof(False, f"{child.name} does not run: {child.state.value} ({child.last_end or 'no end yet'})")
        how = "still" if child.process == former else "again"
        return Proof(True, f"{child.name} runs {how}, as process {child.process.pid}", {"runs_as": child.process.pid})

    def _child(self, data: Data) -> ChildStatus | None:
        """None when the stack of then is down, whatever runs in its place, and when it does without this one now."""
        if not ProcessId.parse(data["supervisor"]).is_alive() or self._is_spare(data["service"]):
            return None
        try:
            return self.ground.supervision.children().get(data["service"])
        except StackDown:
            return None

    def _is_spare(self, service: str) -> bool:
        """Its supervisor could run more workers than its catalogue names."""
        try:
            return all(each.name != service for each in self.ground.catalogue.services)
        except (StackDown, BadInput):
            return False
