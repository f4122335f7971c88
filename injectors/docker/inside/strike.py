"""pause_inside and kill_inside: one of the processes of a container is struck by a signal, the others go on."""

import shlex
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from chaos_aura.containers.container import Container
from chaos_aura.containers.engine import Engine
from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.fault import YES, Capability, Fault, Proof, no
from chaos_aura.core.process import ProcessId
from injectors.docker.inside.processes import named, processes_in
from injectors.docker.inside.sharing import is_alone, lives_alone
from injectors.docker.one import Data, Known, Part, refuse_another_life
from injectors.refusal import refuse_unless
from injectors.supervised.family import described
from injectors.supervised.reach import process_may_be_signalled
from injectors.supervised.signalling import send
from injectors.supervised.threads import threads_of


@dataclass(frozen=True)
class Strike:
    """All that are called so. What is called so and was started meanwhile is frozen by nobody, but healed as well."""

    engine: Engine
    act: Literal["pause", "kill"]
    written: ClassVar[str] = "process"

    def can(self, fault: Fault, now: Container) -> Capability:
        there = processes_in(now)
        if not there:
            why = f"the processes of {now.name} cannot be seen from this machine"
            return no(why, "run as root on the machine of its engine")
        name = fault.text("process")
        meant = [process for process, names in there.items() if name in names]
        if not meant:
            known = ", ".join(sorted({each for names in there.values() for each in names}))
            why = f"no process inside of {now.name} is called {name}"
            return no(why, f"there are: {known}", depends_on="process")
        answers = (process_may_be_signalled(process, now.name) for process in meant)
        return next((answer for answer in answers if not answer), YES) and self._spares_guests(now, meant)

    def takes_s(self, fault: Fault) -> float:
        return 0.0

    def prepare(self, fault: Fault, now: Container, lease_id: str) -> Part:
        """A stop that is there already is somebody else's: healing would end it."""
        name = fault.text("process")
        meant = named(now, name)
        stopped = [process for process in meant if threads_of([process]).stopped]
        if stopped and self.act == "pause":
            remedy = f"run: kill -CONT {stopped[0].pid}"
            raise TargetUnfit(now.name, f"{described(stopped)} inside is stopped already", remedy)
        sent = "SIGSTOP" if self.act == "pause" else "SIGKILL"
        touches = (f"{sent} to {name} inside of container {now.name}: {described(meant)}",)
        pids = [str(process.pid) for process in meant]
        data = {"process": name, "processes": [str(process) for process in meant]}
        by_hand = ["kill", "-CONT", *pids] if self.act == "pause" else ["docker", "restart", now.name]
        return Part(data, touches, shlex.join(by_hand))

    def inject(self, known: Known, now: Container, data: Data) -> None:
        refuse_another_life(known, now)
        refuse_unless(self._spares_guests(now, _recorded(data)), known.name)
        number = signal.SIGSTOP if self.act == "pause" else signal.SIGKILL
        reached = [process for process in _recorded(data) if send(process, number)]
        if not reached:
            raise TargetUnfit(known.name, f"{data['process']} ended before the fault could be injected", "try again")

    def heal(self, known: Known, now: Container, data: Data) -> None:
        if self.act == "pause":
            for process in _meant(now, data):
                send(process, signal.SIGCONT)

    def in_force(self, known: Known, now: Container, data: Data) -> Proof:
        living = _living(_recorded(data))
        if self.act == "kill":
            return Proof(not living, f"{described(living)} lives" if living else f"{data['process']} is dead")
        if not living:
            return Proof(False, f"{data['process']} is dead")
        threads = threads_of(living)
        seen = f"{threads.stopped} of {threads.all} threads of {described(living)} are stopped"
        return Proof(threads.stopped == threads.all > 0, seen)

    def gone(self, known: Known, now: Container, data: Data) -> Proof:
        """Whether one that was killed comes back is the matter of what runs inside."""
        living = _living(_meant(now, data))
        if not living:
            return Proof(True, f"{data['process']} is dead")
        threads = threads_of(living)
        seen = f"{threads.stopped} of {threads.all} threads of {described(living)} are stopped"
        return Proof(self.act == "kill" or threads.stopped == 0, seen)

    def _spares_guests(self, now: Container, meant: Sequence[ProcessId]) -> Capability:
        """Those of the container's own control group are its own. But with its process 1 whoever is among them ends."""
        ends_all = self.act == "kill" and now.process in meant and lives_alone(now)
        return is_alone(self.engine, now) if ends_all else YES


def _recorded(data: Data) -> list[ProcessId]:
    return [ProcessId.parse(text) for text in data["processes"]]


def _meant(now: Container, data: Data) -> list[ProcessId]:
    return list(dict.fromkeys([*_recorded(data), *named(now, data["process"])]))


def _living(processes: Sequence[ProcessId]) -> list[ProcessId]:
    return [process for process in processes if process.is_alive()]
