"""What a run does before anything is hurt: the stack is up and well, every fault is possible, safeguards look on."""

import os
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaos_aura.core.catalogue import LOCAL
from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.outcome import RunOutcome
from chaos_aura.run.external import refuse_load
from chaos_aura.run.preflight import mend_leftovers, refuse_unknown_bystanders, stack_up
from chaos_aura.run.run import Run
from chaos_aura.run.safeguards import Safeguard, Safeguards
from chaos_aura.run.service_logs import Marks
from chaos_aura.toolkit.judging import judged
from chaos_aura.toolkit.planned import Planned, planned_faults
from chaos_aura.toolkit.recovered import await_hypothesis
from chaos_aura.toolkit.rehearsal import Rehearsal

if TYPE_CHECKING:
    from chaos_aura.toolkit.conductor import Conductor

_LOADS = "drive_allocations"
_TRAINED_WITHIN_S = 180.0
_LOOK_EVERY_S = 0.25


class Preparation:
    def __init__(self, conductor: "Conductor") -> None:
        self.rehearsal = Rehearsal()
        self._conductor = conductor
        self._safeguards: Safeguards | None = None
        self._marks: list[tuple[Marks, Path]] = []

    def prepare(self, run: Run, closing: ExitStack) -> None:
        """`closing` gets what is to be put back in the end."""
        if left := mend_leftovers(run.project.home):
            raise ChaosAuraError("faults", f"are in force already: {', '.join(left)}", "run: chaos-aura heal --all")
        planned = self._planned()
        if self._has_load:
            from chaos_aura.load.packages import refuse_missing_packages  # noqa: PLC0415 - for who has a load

            refuse_missing_packages()
        self._bring_up(run, is_measured=bool(planned) or self._has_load)
        self._marks = [
            (Marks(run.project.logs, "*.log*"), run.folder.logs),
            (Marks(run.project.home / "spans", "*.ndjson"), run.folder.spans),
        ]
        if planned:
            from chaos_aura.toolkit import session  # noqa: PLC0415 - for who hurts something

            current = session.current()
            for each in planned:
                each.fault(current)
            current.link.ready()
        if planned or self._has_load or run.options.bystanders:
            from chaos_aura.run.sampler import Sampler  # noqa: PLC0415 - for who has something to watch

            self._conductor.evidence.sampler = Sampler(run.folder, run.project.home)
        self._watch_over(run, closing)

    def rehearse(self) -> None:
        self.rehearsal.rehearse(self._conductor.begun, self._planned, _LOADS if self._has_load else "")

    def look_away(self) -> None:
        """Whatever does not hold any more has nothing to say of this run."""
        if self._safeguards is not None:
            self._safeguards.close()

    def keep_logs(self) -> None:
        for marks, folder in self._marks:
            marks.copy_since(folder)

    def _bring_up(self, run: Run, *, is_measured: bool) -> None:
        of, screen = self._conductor, self._conductor.screen
        run.catalogue, has_just_started = stack_up(run.project, os.environ, run.options.services, screen.progress)
        if self._has_load:
            refuse_load(run.catalogue, _LOADS)
        if is_measured and run.catalogue.stack == LOCAL:
            self._await_training(run)
        if has_just_started:
            # Its breakers have met each other's absence. What is still not well then, the hypothesis tells.
            screen.say("stack: waiting until it has settled")
            await_hypothesis(run, of.experiment, of.configuration, of.secrets)
        refuse_unknown_bystanders(run.catalogue, run.options.bystanders)

    def _await_training(self, run: Run) -> None:
        """What takes both processors for a minute would be taken for the system's own slowness."""
        from chaos_aura.run.carried import is_training  # noqa: PLC0415 - for who measures something

        is_told, until_s = False, time.monotonic() + _TRAINED_WITHIN_S
        while is_training(run.project.home) and time.monotonic() < until_s and not run.is_stopping:
            if not is_told:
                self._conductor.screen.say("stack: waiting until its start-up caches are made, once, in about a minute")
                is_told = True
            run.wait(_LOOK_EVERY_S)

    def _planned(self) -> tuple[Planned, ...]:
        of = self._conductor
        return tuple(planned_faults(of.experiment, of.configuration, of.secrets))

    @property
    def _has_load(self) -> bool:
        method = self._conductor.experiment.get("method", ())
        return any((each.get("provider") or {}).get("func") == _LOADS for each in method)

    def _watch_over(self, run: Run, closing: ExitStack) -> None:
        self._safeguards = Safeguards(run, [self._safeguard(each) for each in run.options.safeguards])
        self._safeguards.start()
        closing.callback(self._safeguards.close)
        if run.options.limit_s:
            why = f"its time limit of {run.options.limit_s:g} s is over (limit_s of the control)"
            timer = threading.Timer(run.options.limit_s, run.stop, (RunOutcome.INCONCLUSIVE, why))
            timer.daemon = True
            timer.start()
            closing.callback(timer.cancel)

    def _safeguard(self, probe: Mapping[str, Any]) -> Safeguard:
        from chaoslib.activity import run_activity  # noqa: PLC0415 - only for who has one

        of = self._conductor

        def look() -> str:
            output = run_activity({"type": "probe", **probe}, of.configuration, of.secrets)
            judgement = judged(probe, {"status": "succeeded", "output": output}, of.configuration, of.secrets)
            return "" if judgement else f"{probe['name']}: {'; '.join(judgement.reasons)}"

        return look
