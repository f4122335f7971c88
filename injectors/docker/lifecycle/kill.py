"""kill: the process itself, as a crash would end it, so that the restart policy of its container fires.

An engine that is told to kill takes it for a stop that is wanted, and starts nothing again. So the signal comes from
this machine, or from inside a container with an init: process 1 of a container cannot be killed from within, but when
all that its init has started is dead, that ends, too.
"""

import os
import signal
from dataclasses import dataclass
from typing import ClassVar

from chaos_aura.containers.container import Container
from chaos_aura.containers.engine import Engine
from chaos_aura.containers.happened import now_s
from chaos_aura.containers.inside import run_inside, user_able_to
from chaos_aura.core.errors import ChaosAuraError, TargetUnfit
from chaos_aura.core.fault import YES, Capability, Fault, Proof, no
from injectors.docker.inside.sharing import is_alone
from injectors.docker.lifecycle.revival import back, comes_back, former_ended, is_left
from injectors.docker.one import Data, Known, Part, refuse_another_life
from injectors.refusal import refuse_unless
from injectors.supervised.service import end_of
from injectors.supervised.signalling import send

_BY_SIGNAL, _INSIDE = "signal", "inside"
_COULD_KILL = "kill -0 -1"
_ALL = ("sh", "-c", "kill -KILL -1")
_COME_NOT_BACK = "let it not come back: comes_back=false"


@dataclass(frozen=True)
class Kill:
    engine: Engine
    written: ClassVar[str] = "process"

    def can(self, fault: Fault, now: Container) -> Capability:
        return comes_back(now, _COME_NOT_BACK) and self._can_crash(now)

    def takes_s(self, fault: Fault) -> float:
        return 0.0

    def prepare(self, fault: Fault, now: Container, lease_id: str) -> Part:
        how = _BY_SIGNAL if _may_be_signalled(now) else _INSIDE
        what = f"process {now.pid}" if how == _BY_SIGNAL else "all that its init has started"
        touches = (f"SIGKILL to {what} of container {now.name}; its engine starts it again",)
        return Part({"how": how, "at_s": now_s(self.engine)}, touches, f"docker start {now.name}")

    def inject(self, known: Known, now: Container, data: Data) -> None:
        refuse_another_life(known, now)
        if data["how"] == _INSIDE:
            self._kill_inside(known, now)
        elif known.process_id and not send(known.process_id, signal.SIGKILL):
            raise end_of(known.process_id, known.name)

    def heal(self, known: Known, now: Container, data: Data) -> None:
        """Whoever was told to end was stopped by somebody else."""
        if is_left(self.engine, known, now, data["at_s"]):
            with self.engine.talking(known.name):
                self.engine.api.start(known.id)

    def in_force(self, known: Known, now: Container, data: Data) -> Proof:
        return former_ended(known, now)

    def gone(self, known: Known, now: Container, data: Data) -> Proof:
        return back(self.engine, known, now, data["at_s"])

    def _can_crash(self, now: Container) -> Capability:
        if _may_be_signalled(now):
            return YES
        if not now.host_config.get("Init"):
            where = f"is another user's (process {now.pid})" if now.process else "cannot be seen from this machine"
            why = f"the process of {now.name} {where}, and without an init it cannot be killed from inside"
            remedy = f"run as root on the machine of its engine, or start it with `init: true`, or {_COME_NOT_BACK}"
            return no(why, remedy)
        if not (alone := is_alone(self.engine, now)):
            return alone
        try:
            user = user_able_to(self.engine, now, _COULD_KILL)
        except ChaosAuraError as cause:
            return no(f"{cause.where} {cause.why}", cause.remedy)
        return no(f"{now.name} lets nobody kill inside", _COME_NOT_BACK) if user is None else YES

    def _kill_inside(self, known: Known, now: Container) -> None:
        """It has no end that could be told when its container ends first."""
        refuse_unless(is_alone(self.engine, now), known.name)
        user = user_able_to(self.engine, now, _COULD_KILL) or ""
        done = run_inside(self.engine, now, _ALL, user=user)
        if done.code not in (0, 128 + signal.SIGKILL):
            raise TargetUnfit(known.name, f"cannot be killed from inside: {done.last_line}", _COME_NOT_BACK)


def _may_be_signalled(now: Container) -> bool:
    process = now.process
    if process is None:
        return False
    try:
        os.kill(process.pid, 0)
    except OSError:
        return False
    return True
