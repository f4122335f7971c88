"""stop, and a kill that is not to come back: the engine ends a container and keeps it so until the fault ends."""

from dataclasses import dataclass
from typing import ClassVar

from chaos_aura.containers.container import Container, Status
from chaos_aura.containers.engine import Engine
from chaos_aura.containers.happened import now_s
from chaos_aura.containers.keeper import ended
from chaos_aura.core.fault import YES, Capability, Fault, Proof, no
from injectors.docker.lifecycle.leaving import is_leaving, tell_to
from injectors.docker.one import Data, Known, Part, refuse_another_life


@dataclass(frozen=True)
class Stop:
    """No restart policy brings back what its engine was told to end."""

    engine: Engine
    written: ClassVar[str] = "process"

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

    def heal(self, known: Known, now: Container, data: Data) -> None:
        """What is leaving is hurried: it may have been given ten minutes, and healing has not."""
        if now.status in (Status.EXITED, Status.CREATED):
            with self.engine.talking(known.name):
                self.engine.api.start(known.id)
        elif self._is_leaving(known, now, data):
            with self.engine.talking(known.name):
                self.engine.api.kill(known.id)

    def in_force(self, known: Known, now: Container, data: Data) -> Proof:
        if known.process_id and known.process_id.is_alive():
            return Proof(False, f"runs: process {known.process_id.pid} lives")
        return Proof(now.status is Status.EXITED, f"is {now.status.value} ({ended(now) or 'no end yet'})")

    def gone(self, known: Known, now: Container, data: Data) -> Proof:
        if not now.is_running:
            return Proof(False, f"is {now.status.value} ({ended(now) or 'no end yet'})")
        if self._is_leaving(known, now, data):
            return Proof(False, f"was told to end, and has {data['grace_s']:g} s for it")
        how = "still" if now.life == known.life else "again"
        return Proof(True, f"runs {how}, as process {now.pid}", {"runs_as": now.pid})

    def _is_leaving(self, known: Known, now: Container, data: Data) -> bool:
        return known.lives_on(now) and is_leaving(self.engine, now, data["at_s"], data["grace_s"])
