"""restart: the engine ends a container and starts it again."""

from dataclasses import dataclass
from typing import ClassVar

from chaos_aura.containers.container import Container, Status
from chaos_aura.containers.engine import Engine
from chaos_aura.containers.happened import now_s
from chaos_aura.core.fault import YES, Capability, Fault, Proof
from injectors.docker.lifecycle.leaving import is_leaving, tell_to
from injectors.docker.one import Data, Known, Part, refuse_another_life


@dataclass(frozen=True)
class Restart:
    engine: Engine
    written: ClassVar[str] = "process"

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

    def heal(self, known: Known, now: Container, data: Data) -> None:
        """Whom its engine is just restarting it starts after this kill, too."""
        if now.status in (Status.EXITED, Status.CREATED):
            with self.engine.talking(known.name):
                self.engine.api.start(known.id)
        elif self._is_leaving(known, now, data):
            with self.engine.talking(known.name):
                self.engine.api.kill(known.id)

    def in_force(self, known: Known, now: Container, data: Data) -> Proof:
        if known.process_id:
            alive = known.process_id.is_alive()
            return Proof(not alive, f"process {known.process_id.pid} {'lives' if alive else 'is dead'}")
        return Proof(not known.lives_on(now), f"is {now.status.value}, started {now.started_at}")

    def gone(self, known: Known, now: Container, data: Data) -> Proof:
        if not now.is_running:
            return Proof(False, f"is {now.status.value}")
        if self._is_leaving(known, now, data):
            return Proof(False, f"was told to end, and has {data['grace_s']:g} s for it")
        how = "still" if now.life == known.life else "again"
        return Proof(True, f"runs {how}, as process {now.pid}", {"runs_as": now.pid})

    def _is_leaving(self, known: Known, now: Container, data: Data) -> bool:
        return known.lives_on(now) and is_leaving(self.engine, now, data["at_s"], data["grace_s"])
