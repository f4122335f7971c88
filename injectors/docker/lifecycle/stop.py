"""stop, and a kill that is not to come back: the engine ends a container and keeps it so until the fault ends."""

from dataclasses import dataclass

from chaos_aura.containers.container import Container, Status
from chaos_aura.containers.happened import now_s
from chaos_aura.containers.keeper import ended
from chaos_aura.core.fault import YES, Capability, Fault, Proof, no
from injectors.docker.lifecycle.ending import Ending
from injectors.docker.lifecycle.leaving import tell_to
from injectors.docker.one import Data, Known, Part, refuse_another_life


@dataclass(frozen=True)
class Stop(Ending):
    """No restart policy brings back what its engine was told to end."""

    def can(self, fault: Fault, now: Container) -> Capability:
        if now.host_config.get("AutoRemove"):
            why = f"{now.name} is removed as soon as it ends (--rm): nobody could start it again"
            return no(why, "start it without --rm, or use pause")
        return YES

    def takes_s(self, fault: Fault) -> float:
        return fault.number("grace_s") if "grace_s" in fault.parameters else 0.0

    def prepare(self, fault: Fault, now: Container, lease_id: str) -> Part:
        grace_s = self.takes_s(fault)
        how = f"asked to end, killed after {grace_s:g} s" if grace_s else "killed by its engine"
        touches = (f"container {now.name} is {how}, and kept stopped",)
        return Part({"grace_s": grace_s, "at_s": now_s(self.engine)}, touches, f"docker start {now.name}")

    def inject(self, known: Known, now: Container, data: Data) -> None:
        refuse_another_life(known, now)
        if data["grace_s"]:
            tell_to(self.engine, "stop", known.id, data["grace_s"])
            return
        with self.engine.talking(known.name):
            self.engine.api.kill(known.id)

    def in_force(self, known: Known, now: Container, data: Data) -> Proof:
        if known.process_id and known.process_id.is_alive():
            return Proof(False, f"runs: process {known.process_id.pid} lives")
        return Proof(now.status is Status.EXITED, f"is {now.status.value} ({ended(now) or 'no end yet'})")
