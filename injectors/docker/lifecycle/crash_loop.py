"""crash_loop: a container whose process is killed again as often as its restart policy has brought it back."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chaos_aura.containers.container import PROJECT, SERVICE, Container, Status
from chaos_aura.containers.engine import Engine, NoSuchContainer
from chaos_aura.containers.group import Group
from chaos_aura.containers.happened import now_s
from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.fault import YES, Capability, Fault, Proof, Undo, no
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.lasting.carrier import Carrier, by_hand
from injectors.docker.act import Data
from injectors.docker.lifecycle.revival import comes_back, is_abandoned, is_given_up_on
from injectors.docker.one import Known
from injectors.refusal import refuse_unless
from injectors.supervised.dying import is_dying
from injectors.supervised.reach import process_may_be_signalled

_LATE_S = 2.0  # so much may a busy machine keep the helper from its next kill
_MS = 1000
_INSTEAD = "use stop"


@dataclass(frozen=True)
class CrashLoop:
    """An engine waits longer before each start, up to a minute: its container is mostly down. Healing does not wait."""

    ground: Ground
    engine: Engine

    def can(self, fault: Fault, containers: Sequence[Container]) -> Capability:
        for now in containers:
            if not (answer := comes_back(now, _INSTEAD)):
                return answer
            if not (answer := _reach(self.engine, now)):
                return answer
        return YES

    def writes(self, fault: Fault) -> str:
        return "process"

    def takes_s(self, fault: Fault) -> float:
        """One that has just started may live for so long before it is killed first."""
        return fault.number("every_ms") / _MS

    def prepare(self, fault: Fault, group: Group, containers: Sequence[Container], lease_id: str) -> Undo:
        refuse_unless(self.can(fault, containers), fault.target)
        every_ms, labels = int(fault.number("every_ms")), containers[0].labels
        names = [now.name for now in containers]
        whose = {label: labels.get(label, "") for label in (PROJECT, SERVICE)}
        told = {"names": names, "labels": whose, "every_ms": every_ms}
        arguments = (self.engine.address.removeprefix("unix://"), json.dumps(told))
        touches = [
            f"kills process {now.pid} of container {now.name}, and each that comes after it" for now in containers
        ]
        known = [asdict(Known.of(now)) for now in containers]
        undo = self._carrier.undo(
            fault,
            lease_id,
            arguments,
            touches,
            takes_s=self.takes_s(fault),
            known=known,
            every_ms=every_ms,
            at_s=now_s(self.engine),
        )
        return Undo(undo.data, undo.touches, f"{undo.by_hand}; docker restart {' '.join(names)}")

    def inject(self, data: Data) -> None:
        self._carrier.inject(_undo(data))

    def heal(self, data: Data) -> None:
        try:
            self._carrier.heal(_undo(data))
        finally:  # also when the disk is too full to say that it has ended
            self._bring_all_back(data)

    def in_force(self, data: Data) -> Proof:
        if self._carrier.helper(_undo(data)) is None:
            return self._carrier.dead(_undo(data))
        kills = self._carrier.figures(_undo(data))
        proofs = [self._struck(known, int(kills.get(f"kills_{number}", 0)), data) for number, known in _known(data)]
        failing = [proof for proof in proofs if not proof]
        return Proof(not failing, "; ".join(proof.seen for proof in failing or proofs), dict(kills))

    def gone(self, data: Data) -> Proof:
        helper = self._carrier.gone(_undo(data))
        if not helper:
            return helper
        proofs = [self._settled(known, self._now(known, data), data) for _, known in _known(data)]
        failing = [proof for proof in proofs if not proof]
        return Proof(not failing, "; ".join([helper.seen, *(proof.seen for proof in failing or proofs)]))

    @property
    def _carrier(self) -> Carrier:
        return Carrier(self.ground, Path(__file__).with_name("crash_loop_program.py"))

    def _struck(self, known: Known, kills: int, data: Data) -> Proof:
        killed, now = f"{known.name} was killed {kills} times", self._now(known, data)
        if kills == 0:
            return Proof(False, killed)
        process = now.process if now and now.is_running else None
        lived_s = process.uptime_s() if process else 0.0
        seen = f"{killed}, and " + (f"lives for {lived_s:.1f} s now" if process else "is dead now")
        return Proof(lived_s <= data["every_ms"] / _MS + _LATE_S, seen)

    def _bring_all_back(self, data: Data) -> None:
        """Each of them, whatever becomes of the others."""
        failed: list[ChaosAuraError] = []
        for _, known in _known(data):
            try:
                self._bring_back(self._now(known, data), data)
            except NoSuchContainer:
                continue
            except ChaosAuraError as cause:
                failed.append(cause)
        if failed:
            raise failed[0]

    def _bring_back(self, now: Container | None, data: Data) -> None:
        """An engine may wait for a minute before it starts it. One order, so that nobody can die half-way."""
        if now is None:
            return
        with self.engine.talking(now.name):
            if now.status is Status.RESTARTING:
                self.engine.api.restart(now.id, timeout=0)
            elif self._is_left(now, data):
                self.engine.api.start(now.id)

    def _settled(self, known: Known, now: Container | None, data: Data) -> Proof:
        """Running, or not to run for a reason that is not ours."""
        if now is None:
            return Proof(True, f"{known.name} was removed")
        if now.is_running and (process := now.process):
            if is_dying(process):  # the last that its helper killed
                return Proof(False, f"process {process.pid} of {now.name} is about to end")
            return Proof(True, f"process {process.pid} of {now.name} runs")
        if now.status is Status.EXITED and not self._is_left(now, data):
            return Proof(True, f"{now.name} was stopped by somebody else")
        return Proof(False, f"{now.name} is {now.status.value}")

    def _is_left(self, now: Container, data: Data) -> bool:
        """To lie there. Which of its lives was killed last nobody knows: that it was killed is seen."""
        return is_given_up_on(now) or is_abandoned(self.engine, now, data["at_s"])

    def _now(self, known: Known, data: Data) -> Container | None:
        """It, or who was made anew in its place; whatever it is called by now. None: a stranger may have its name."""
        named = self.engine.find(known.name)
        # An engine also takes the beginning of an id for a name: of any container of the machine.
        if named and known.name == named.name and _is_meant(named, data):
            return named
        return self.engine.find(known.id)


def _undo(data: Data) -> Undo:
    return Undo(data, (), by_hand(data["lease"]))


def _known(data: Data) -> list[tuple[int, Known]]:
    return [(number, Known(**row)) for number, row in enumerate(data["known"])]


def _is_meant(now: Container, data: Data) -> bool:
    """By the labels of compose."""
    told: dict[str, Any] = json.loads(data["arguments"][1])
    return all(now.labels.get(name, "") == value for name, value in told["labels"].items())


def _reach(engine: Engine, now: Container) -> Capability:
    """The helper has no client of Docker's: it asks the engine over its socket, and kills as the kernel lets it."""
    remedy = "run as root on the machine of its engine, or use stop"
    process = now.process
    if not engine.is_of_this_machine or process is None:
        return no(f"the process of {now.name} cannot be seen from this machine", remedy)
    return process_may_be_signalled(process, now.name)
