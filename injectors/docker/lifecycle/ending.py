"""What a container that its engine was told to end needs so that it runs again, and how that is seen."""

from dataclasses import dataclass
from typing import ClassVar

from chaos_aura.containers.container import Container, Status
from chaos_aura.containers.engine import Engine
from chaos_aura.containers.keeper import ended
from chaos_aura.core.fault import Proof
from injectors.docker.lifecycle.leaving import is_leaving
from injectors.docker.one import Data, Known


@dataclass(frozen=True)
class Ending:
    """Its data tell `grace_s`, and when that began: `at_s`, by the engine's clock."""

    engine: Engine
    written: ClassVar[str] = "process"

    def heal(self, known: Known, now: Container, data: Data) -> None:
        """Who is leaving is hurried: it may have been given ten minutes, and healing has not.

        Whom its engine is just restarting it starts after this kill, too.
        """
        if now.status in (Status.EXITED, Status.CREATED):
            with self.engine.talking(known.name):
                self.engine.api.start(known.id)
        elif self._is_leaving(known, now, data):
            with self.engine.talking(known.name):
                self.engine.api.kill(known.id)

    def gone(self, known: Known, now: Container, data: Data) -> Proof:
        if not now.is_running:
            return Proof(False, f"is {now.status.value} ({ended(now) or 'no end yet'})")
        if self._is_leaving(known, now, data):
            return Proof(False, f"was told to end, and has {data['grace_s']:g} s for it")
        how = "still" if now.life == known.life else "again"
        return Proof(True, f"runs {how}, as process {now.pid}", {"runs_as": now.pid})

    def _is_leaving(self, known: Known, now: Container, data: Data) -> bool:
        return known.lives_on(now) and is_leaving(self.engine, now, data["at_s"], data["grace_s"])
