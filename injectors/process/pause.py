"""Freezes every thread of a service by SIGSTOP."""

import shlex
import signal
from dataclasses import dataclass

from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.fault import Fault, Proof, Undo
from chaos_aura.core.process import ProcessId
from chaos_aura.faults.ground import Ground
from injectors.process.act import Data
from injectors.supervised.family import described, family_of
from injectors.supervised.service import end_of, running
from injectors.supervised.signalling import send
from injectors.supervised.threads import threads_of


@dataclass(frozen=True)
class Pause:
    """The first of the recorded processes is the service itself.

    What it starts between `prepare` and the last SIGSTOP is found by its session: it is stopped too, and continued too.
    """

    ground: Ground

    def prepare(self, fault: Fault) -> Undo:
        """A stop that is there already is somebody else's: healing would end it."""
        main = running(self.ground, fault.target)
        others = [process for process in family_of(main) if process != main]
        for process in (main, *others):
            threads = threads_of([process])
            if threads.stopped:
                why = f"{threads.stopped} of {threads.all} threads of process {process.pid} are stopped already"
                raise TargetUnfit(fault.target, why, f"run: kill -CONT {process.pid}")
        data = {"act": "pause", "service": fault.target, "processes": [str(process) for process in (main, *others)]}
        pids = [str(process.pid) for process in (main, *others)]
        return Undo(data, (f"SIGSTOP to {described((main, *others))}",), shlex.join(["kill", "-CONT", *pids]))

    def inject(self, data: Data) -> None:
        main = _recorded(data)[0]
        reached: set[ProcessId] = set()
        while fresh := [process for process in family_of(main) if process not in reached]:
            for process in fresh:
                send(process, signal.SIGSTOP)
            reached.update(fresh)
        if not reached:
            raise end_of(main, data["service"])

    def heal(self, data: Data) -> None:
        for process in _meant(data):
            send(process, signal.SIGCONT)

    def in_force(self, data: Data) -> Proof:
        main = _recorded(data)[0]
        family = family_of(main)
        if not family:
            return Proof(False, f"process {main.pid} is dead")
        threads = threads_of(family)
        seen = f"{threads.stopped} of {threads.all} threads of {described(family)} are stopped"
        return Proof(
            threads.stopped == threads.all > 0, seen, {"threads": threads.all, "threads_stopped": threads.stopped}
        )

    def gone(self, data: Data) -> Proof:
        living = [process for process in _meant(data) if process.is_alive()]
        if not living:
            return Proof(True, f"{described(_recorded(data))}: dead, and stopped no more")
        threads = threads_of(living)
        seen = f"{threads.stopped} of {threads.all} threads of {described(living)} are stopped"
        return Proof(threads.stopped == 0, seen, {"threads": threads.all, "threads_stopped": threads.stopped})


def _recorded(data: Data) -> list[ProcessId]:
    return [ProcessId.parse(text) for text in data["processes"]]


def _meant(data: Data) -> list[ProcessId]:
    recorded = _recorded(data)
    return list(dict.fromkeys([*recorded, *family_of(recorded[0])]))
