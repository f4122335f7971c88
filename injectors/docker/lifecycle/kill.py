"""kill: the process itself, as a crash would end it, so that the restart policy of its container fires.

An engine that is told to kill takes it for a stop that is wanted, and starts nothing again. So the signal comes from
this machine, or from inside a container with an init: process 1 of a container cannot be killed from within, but when
all that its init has started is dead, that ends, too.
"""

import os
import signal
from dataclasses import dataclass
from typing import ClassVar

from chaos_aura.containers.container import Container, Status
from chaos_aura.containers.engine import Engine
from chaos_aura.containers.happened import now_s
from chaos_aura.containers.inside import run_inside, user_able_to
from chaos_aura.containers.keeper import ended
from chaos_aura.core.errors import ChaosAuraError, TargetUnfit
from chaos_aura.core.fault import YES, Capability, Fault, Proof, no
from injectors.docker.inside.sharing import is_alone
from injectors.docker.lifecycle.revival import comes_back, is_abandoned, is_given_up_on
from injectors.docker.lifecycle.stop import Stop
from injectors.docker.one import Data, Known, OnOne, Part, refuse_another_life
from injectors.refusal import refuse_unless
from injectors.supervised.service import end_of
from injectors.supervised.signalling import send

_BY_SIGNAL, _INSIDE = "signal", "inside"
_COULD_KILL = "kill -0 -1"
_ALL = ("sh", "-c", "kill -KILL -1")
_COME_NOT_BACK = "let it not come back: comes_back=false"


@dataclass(frozen=True)
class Kill:
    """With `comes_back`; without, it is the engine's stop."""

    engine: Engine
    written: ClassVar[str] = "process"

    def can(self, fault: Fault, now: Container) -> Capability:
        if not fault.flag("comes_back"):
            return self._stop.can(fault, now)
        return comes_back(now, _COME_NOT_BACK) and self._can_crash(now)

    def takes_s(self, fault: Fault) -> float:
        return 0.0

    def prepare(self, fault: Fault, now: Container, lease_id: str) -> Part:
        if not fault.flag("comes_back"):
            part = self._stop.prepare(fault, now, lease_id)
            return Part({**part.data, "how": ""}, part.touches, part.by_hand)
        how = _BY_SIGNAL if _may_be_signalled(now) else _INSIDE
        what = f"process {now.pid}" if how == _BY_SIGNAL else "all that its init has started"
        touches = (f"SIGKILL to {what} of container {now.name}; its engine starts it again",)
        return Part({"how": how, "at_s": now_s(self.engine)}, touches, f"docker start {now.name}")

    def inject(self, known: Known, now: Container, data: Data) -> None:
        if not data["how"]:
            self._stop.inject(known, now, data)
            return
        refuse_another_life(known, now)
        if data["how"] == _INSIDE:
            self._kill_inside(known, now)
        elif known.process_id and not send(known.process_id, signal.SIGKILL):
            raise end_of(known.process_id, known.name)

    def heal(self, known: Known, now: Container, data: Data) -> None:
        """Whoever was told to end was stopped by somebody else."""
        if not data["how"]:
            self._stop.heal(known, now, data)
        elif is_left(self.engine, known, now, data["at_s"]):
            with self.engine.talking(known.name):
                self.engine.api.start(known.id)

    def in_force(self, known: Known, now: Container, data: Data) -> Proof:
        if not data["how"]:
            return self._stop.in_force(known, now, data)
        if known.process_id:
            alive = known.process_id.is_alive()
            return Proof(not alive, f"process {known.process_id.pid} {'lives' if alive else 'is dead'}")
        return Proof(not known.lives_on(now), f"is {now.status.value}, started {now.started_at}")

    def gone(self, known: Known, now: Container, data: Data) -> Proof:
        if not data["how"]:
            return self._stop.gone(known, now, data)
        return back(self.engine, known, now, data["at_s"])

    @property
    def _stop(self) -> OnOne:
        return Stop(self.engine)

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


def is_left(engine: Engine, known: Known, now: Container, since_s: float) -> bool:
    """To lie there, by its policy or by its engine, in the life that was hurt: nobody but us will start it."""
    return is_given_up_on(now) or (now.life == known.life and is_abandoned(engine, now, since_s))


def back(engine: Engine, known: Known, now: Container, since_s: float) -> Proof:
    """Its end of this fault: it runs again, its engine is about to start it, or somebody else wants it stopped."""
    if now.status is Status.RESTARTING:
        return Proof(True, f"is being started again by its engine ({ended(now)})")
    if is_given_up_on(now):
        return Proof(False, f"is {now.status.value}: its restart policy has given up")
    if is_left(engine, known, now, since_s):
        return Proof(False, f"is {now.status.value}: its engine takes it for stopped by hand")
    if not now.is_running:
        return Proof(True, f"is {now.status.value} by somebody else: it was not this fault")
    if known.lives_on(now) and known.process_id and not known.process_id.is_alive():
        return Proof(False, f"ended, which its engine has not noticed yet (process {known.process_id.pid})")
    how = "still" if now.life == known.life else "again"
    return Proof(True, f"runs {how}, as process {now.pid}", {"runs_as": now.pid})


def _may_be_signalled(now: Container) -> bool:
    process = now.process
    if process is None:
        return False
    try:
        os.kill(process.pid, 0)
    except OSError:
        return False
    return True
