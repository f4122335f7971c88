"""restart: the engine ends a container and starts it again."""

from dataclasses import dataclass

from chaos_aura.containers.container import Container
from chaos_aura.containers.happened import now_s
from chaos_aura.core.fault import YES, Capability, Fault, Proof
from injectors.docker.lifecycle.ending import Ending
from injectors.docker.lifecycle.leaving import tell_to
from injectors.docker.lifecycle.revival import former_ended
from injectors.docker.one import Data, Known, Part, refuse_another_life


@dataclass(frozen=True)
class Restart(Ending):
    def can(self, fault: Fault, now: Container) -> Capability:
        return YES

    def takes_s(self, fault: Fault) -> float:
        return fault.number("grace_s")

    def prepare(self, fault: Fault, now: Container, lease_id: str) -> Part:
        grace_s = fault.number("grace_s")
        touches = (f"container {now.name} is restarted by its engine, within {grace_s:g} s",)
        return Part({"grace_s": grace_s, "at_s": now_s(self.engine)}, touches, f"docker start {now.name}")

    def inject(self, known: Known, now: Container, data: Data) -> None:
        refuse_another_life(known, now)
        tell_to(self.engine, "restart", known.id, data["grace_s"])

    def in_force(self, known: Known, now: Container, data: Data) -> Proof:
        return former_ended(known, now)
