"""pause: the kernel freezes all processes of a container."""

import time
from dataclasses import dataclass
from typing import ClassVar

from chaos_aura.containers.container import Container, Status
from chaos_aura.containers.engine import Engine
from chaos_aura.containers.happened import PAUSE, START, Happened, happened, now_s
from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.fault import YES, Capability, Fault, Proof
from injectors.docker.kernel import frozen
from injectors.docker.one import Data, Known, Part, refuse_another_life

_BUSY = "unable to freeze"  # as runc says when processes come and go too fast, or wait for a disk
_FROZEN_WITHIN_S = 2.5
_AGAIN_AFTER_S = 0.1


@dataclass(frozen=True)
class Pause:
    engine: Engine
    written: ClassVar[str] = "process"

    def can(self, fault: Fault, now: Container) -> Capability:
        return YES

    def takes_s(self, fault: Fault) -> float:
        return 0.0

    def prepare(self, fault: Fault, now: Container, lease_id: str) -> Part:
        """One that is there already is somebody else's: healing would end it."""
        if now.status is Status.PAUSED:
            raise TargetUnfit(now.name, "is paused already", f"run: docker unpause {now.name}")
        touches = (f"all processes of container {now.name} are frozen by its engine",)
        return Part({"at_s": now_s(self.engine)}, touches, f"docker unpause {now.name}")

    def inject(self, known: Known, now: Container, data: Data) -> None:
        refuse_another_life(known, now)
        deadline_s = time.monotonic() + _FROZEN_WITHIN_S
        while True:
            try:
                with self.engine.talking(known.name):
                    self.engine.api.pause(known.id)
                return
            except TargetUnfit as cause:
                if _BUSY not in cause.why or time.monotonic() > deadline_s:
                    raise
            time.sleep(_AGAIN_AFTER_S)

    def heal(self, known: Known, now: Container, data: Data) -> None:
        if now.status is Status.PAUSED and self._is_ours(known, now, data):
            with self.engine.talking(known.name):
                self.engine.api.unpause(known.id)

    def in_force(self, known: Known, now: Container, data: Data) -> Proof:
        if now.status is not Status.PAUSED or now.life != known.life:
            return Proof(False, f"is {now.status.value}" + ("" if now.life == known.life else ", started anew"))
        told = frozen(now)
        if told is None:
            return Proof(True, "is paused, as its engine says; its processes cannot be seen from here")
        return Proof(told, "is paused, and the kernel calls all of it " + ("frozen" if told else "running"))

    def gone(self, known: Known, now: Container, data: Data) -> Proof:
        if now.status is Status.PAUSED:
            whose = "" if self._is_ours(known, now, data) else " by somebody else, since it was started anew"
            return Proof(False, f"is paused{whose}")
        return Proof(not (now.is_running and frozen(now)), f"is {now.status.value}")

    def _is_ours(self, known: Known, now: Container, data: Data) -> bool:
        """In a later life, too: an order that a dead process has sent may land there, unless it has landed before."""
        return now.life == known.life or not _was_in_force(happened(self.engine, now.id, data["at_s"]))


def _was_in_force(found: Happened) -> bool:
    """In an earlier life than that of now."""
    told = [event.action for event in found.events]
    last_start = max((at for at, action in enumerate(told) if action == START), default=0)
    return PAUSE in told[:last_start]
