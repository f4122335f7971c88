"""Conducts a run through what Chaos Toolkit does with an experiment: from its preflight to its verdict.

begin -> hypothesis -> method (load, faults) -> end the faults, watch until it has recovered, settle -> hypothesis
-> rollbacks -> conclude
"""

import os
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaoslib.exceptions import InterruptExecution
from chaoslib.types import Dry

from chaos_aura.core.errors import ChaosAuraError, NotHealed, ServiceUnhealthy
from chaos_aura.core.outcome import RunOutcome
from chaos_aura.core.project import Project
from chaos_aura.run.about import About
from chaos_aura.run.evidence import Evidence
from chaos_aura.run.faults import stories
from chaos_aura.run.folder import VARIABLE
from chaos_aura.run.options import Options
from chaos_aura.run.preflight import refuse_strangers
from chaos_aura.run.revision import AskedRevision, Revision
from chaos_aura.run.run import Run
from chaos_aura.run.secrecy import Secrecy
from chaos_aura.run.standing import Phase, Standing
from chaos_aura.run.turn import turn
from chaos_aura.toolkit import active
from chaos_aura.toolkit.concluding import composed, concluded
from chaos_aura.toolkit.followed import Followed
from chaos_aura.toolkit.interruption import Interruption
from chaos_aura.toolkit.journal import condemn, hide_secrets, pronounce
from chaos_aura.toolkit.preparing import Preparation
from chaos_aura.toolkit.recovered import judge_recovery
from chaos_aura.toolkit.said import LOGGER, Discreet
from chaos_aura.toolkit.screen import Screen

if TYPE_CHECKING:
    from chaos_aura.run.load_wanted import LoadWanted
    from chaos_aura.run.present import Present
    from chaos_aura.run.tenants import Tenants
    from chaos_aura.toolkit.rehearsal import Rehearsal

_SAMPLED_WITHIN_S = 20.0


class Conductor:
    """Of one run. Its methods are called by the control, in the order in which Chaos Toolkit calls that."""

    def __init__(self, experiment: Mapping[str, Any], configuration: Any, secrets: Any) -> None:
        self.experiment = experiment
        self.configuration = configuration
        self.secrets = secrets
        self.secrecy = Secrecy(secrets)
        self.dry: Dry | None = experiment.get("dry") or None
        self.run: Run | None = None
        self.evidence = Evidence()
        self.followed = Followed(self)
        self.interruption = Interruption(self.heal_now, self._tell_patience)
        self.is_prepared = False
        self.is_concluded = False
        self.screen = Screen()
        self._preparation = Preparation(self)
        self._revision: AskedRevision | None = None
        self._closing = ExitStack()

    # What Chaos Toolkit calls, in this order.

    def begin(self, arguments: Mapping[str, Any]) -> None:
        """The preflight: nothing has been hurt when it fails."""
        options = Options.of(arguments)
        project = Project.around(Path.cwd(), os.environ)
        discreet = Discreet(self.secrecy)
        LOGGER.addFilter(discreet)
        self._closing.callback(LOGGER.removeFilter, discreet)
        self.run = run = Run.begin(project, About.of(self.experiment, sys.argv), options, os.environ)
        run.on_stop = self.interruption.stop_main_thread
        self._closing.callback(run.timeline.close)
        self.interruption.install()
        self.screen.start(self._standings(run))
        active.begin(self)
        os.environ[VARIABLE] = str(run.folder.path)
        refuse_strangers()
        self._revision = AskedRevision(project.root)
        self._closing.callback(self._revision.close)
        if self.is_rehearsal:
            self._preparation.rehearse()
            self.is_prepared = True
            return
        self._closing.enter_context(turn(project.home, run.folder.id, run.about.title, options.wait_s, self.screen.say))
        self._preparation.prepare(run, self._closing)
        self.is_prepared = True

    def start_load(self, wanted: "LoadWanted") -> "Tenants":
        """Returns when it is known how the system usually is."""
        from chaos_aura.run.tenants import BaselineNotMet, Tenants  # noqa: PLC0415 - for who has a load

        run = active.required()
        if self.evidence.tenants is not None:
            raise InterruptExecution("a load is running already; one run has one")
        run.enter(Phase.BASELINE)
        if self.evidence.sampler is not None:
            self.evidence.sampler.await_ready(_SAMPLED_WITHIN_S)
        try:
            self.evidence.tenants = tenants = Tenants(run, wanted)
            tenants.measure_baseline()
        except (BaselineNotMet, ServiceUnhealthy) as cause:  # one who says nothing at all is not well either
            if not run.is_stopping:
                run.verdicts.against(RunOutcome.BASELINE_NOT_MET, str(cause))
            raise
        return tenants

    def method_is_over(self) -> None:
        """Before the hypothesis is probed again: it must not be judged while a fault is in force."""
        run = self.begun
        if self.followed.has_run_method:
            return
        self.followed.has_run_method = True
        with self.interruption.shielded():
            self.end_faults()
        if self.is_rehearsal or run.verdicts.speaks_against or run.is_stopping or self.interruption.received:
            return
        if self.evidence.tenants is None and stories(run.folder.timeline):
            run.enter(Phase.RECOVERY)
            judge_recovery(run, self.experiment, self.configuration, self.secrets)
        if self.evidence.tenants is not None:
            from chaos_aura.run.gathering import findings, gather  # noqa: PLC0415 - for who has a load

            gather(run, self.evidence, self.evidence.tenants, self.crashed)
            run.folder.write(run.folder.findings, self.secrecy.scrub(findings(run, self.evidence)))

    def conclude(self, journal: dict[str, Any]) -> dict[str, Any]:
        """The verdict. Whatever goes wrong in here leaves the journal condemned."""
        status = journal.get("status")
        condemn(journal)
        with self.interruption.shielded():
            run = self.begun
            self._preparation.look_away()
            self.end_faults()
            self.evidence.close(is_hurried=bool(self.interruption.received) or run.is_stopping)
            self._note_interruption(journal)
            self.followed.judge_end(journal, str(status))
            conclusion = concluded(run, self.dry, self.followed.missing())
            revision = self._revision.answer() if self._revision else Revision()
            touches = self.rehearsal.would_touch
            told = composed(run, self.evidence, conclusion, revision, would_touch=touches, crashed=self.crashed)
            document: dict[str, Any] = self.secrecy.scrub(told)
            run.timeline.tell("run.concluded", outcome=conclusion.outcome.value, reasons=list(conclusion.reasons))
            run.enter(Phase.OVER)
            self._preparation.keep_logs()
            hide_secrets(journal, self.secrecy)
            self.secrecy.clean(run.folder.path)
            run.folder.write(run.folder.result, document)
            self.screen.summarize(document)
            self.is_concluded = True
            pronounce(journal, document)
            return document

    def close(self) -> None:
        """What is left to put back, whatever happened before."""
        with suppress(Exception):
            self.evidence.close(is_hurried=True)
        with suppress(Exception):
            self.screen.close()
        if self.run is not None and not self.is_concluded:
            with suppress(OSError):
                self.secrecy.clean(self.run.folder.path)
        if active.hurting():
            from chaos_aura.toolkit import session  # noqa: PLC0415 - what injects is there already

            session.close()
        active.end()
        os.environ.pop(VARIABLE, None)
        self._closing.close()
        self.interruption.restore()

    # What its parts need of each other.

    @property
    def begun(self) -> Run:
        if self.run is None:
            raise ChaosAuraError("run", "was never begun")
        return self.run

    @property
    def rehearsal(self) -> "Rehearsal":
        return self._preparation.rehearsal

    @property
    def is_rehearsal(self) -> bool:
        """A dry run in which no action acts. Nothing is touched then, not even a stack that is down."""
        return self.dry in (Dry.ACTIONS, Dry.ACTIVITIES)

    def heal_now(self) -> None:
        """By the reaper, at once, from a signal handler or any thread: it takes no lock and waits for nothing."""
        if self.run is not None:
            self.run.is_ending = True
        if current := active.hurting():
            current.faults.is_stopping = True
            current.link.heal_now()

    def _tell_patience(self, name: str) -> None:
        self.screen.notice(f"received {name}: the rollbacks go on; once more after a second, and they end")

    def halt(self) -> None:
        """What goes on in the background ends: Chaos Toolkit waits for it before it goes on."""
        self.heal_now()

    def end_faults(self) -> None:
        """All that this run has injected, proven gone. Those that went on alone are looked at once more first."""
        run, current = self.begun, active.hurting()
        if current is None:
            return
        from chaos_aura.toolkit.ending import not_healed  # noqa: PLC0415 - what injects is there already

        for outcome in current.faults.end_all():
            if not outcome.is_good:
                run.verdicts.against(RunOutcome.NOT_HEALED, str(not_healed(outcome)))
        for lease in current.faults.open_ones():
            failure = NotHealed(str(lease.fault), lease.why or "is still open", f"run: chaos-aura heal {lease.id}")
            run.verdicts.against(RunOutcome.NOT_HEALED, str(failure))

    def crashed(self, where: str, cause: BaseException) -> str:
        """An error of our own: its traceback is kept in the run's folder, nobody has to read it in the terminal."""
        told = f"{where} failed: {type(cause).__name__}: {cause}"
        if self.run is None:
            return told
        path = self.run.folder.log("crash")
        with suppress(OSError), path.open("a", encoding="utf-8") as file:
            file.write(self.secrecy.hide("".join(traceback.format_exception(cause))) + "\n")
            return f"{told}; its traceback is in {path}"
        return told

    def _standings(self, run: Run) -> Callable[[], Standing]:
        """What looks is made by who looks."""
        made: list[Present] = []

        def standing() -> Standing:
            if not made:
                from chaos_aura.run.present import Present  # noqa: PLC0415 - for who shows it

                made.append(Present(run, self.evidence))
            return made[0].standing()

        return standing

    def _note_interruption(self, journal: dict[str, Any]) -> None:
        if name := self.interruption.received:
            reason = f"received {name}"
            self.begun.verdicts.against(RunOutcome.INTERRUPTED, f"{reason}; what was in force was healed at once")
            journal["interruption"] = {"kind": "signal", "name": name, "reason": reason}
