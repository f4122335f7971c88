"""What Chaos Toolkit tells of an experiment while it goes on, turned into judgements of the run."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chaoslib.exceptions import InterruptExecution

from chaos_aura.core.outcome import RunOutcome
from chaos_aura.core.verdict import Judgement, unknown
from chaos_aura.run.run import Run
from chaos_aura.run.standing import Phase
from chaos_aura.toolkit.judging import judged, why_failed
from chaos_aura.toolkit.noise import excused

if TYPE_CHECKING:
    from chaos_aura.toolkit.conductor import Conductor


_AFTER, _DURING = "hypothesis", "hypothesis during the method"
_NOT_MEASURED = "not measured yet"


class Followed:
    def __init__(self, conductor: "Conductor") -> None:
        self.has_run_method = False
        self._conductor = conductor
        self._has_begun_method = False
        self._is_in_rollbacks = False
        self._in_hypothesis: set[int] = set()

    def hypothesis_begins(self) -> None:
        self._in_hypothesis.add(threading.get_ident())
        if threading.current_thread() is threading.main_thread():  # not the samples that are taken meanwhile
            self._run.enter(Phase.JUDGING if self._has_begun_method else Phase.HYPOTHESIS)

    def hypothesis_ended(self, state: Mapping[str, Any] | None) -> None:
        """Before the method it decides whether anything is hurt; after it, whether the run has passed."""
        self._in_hypothesis.discard(threading.get_ident())
        if state is not None and state.get("steady_state_met") is None:
            # What was raised would end Chaos Toolkit without rollbacks and without a result.
            raise InterruptExecution("the hypothesis could not be probed to its end")
        if not state:
            return
        if self._conductor.is_rehearsal:
            self._tell_unmet(state["probes"])
            return
        judgements = [
            (_name(asked), self._judged(asked, each))
            for asked, each in zip(self._asked(), state["probes"], strict=False)
        ]
        if state.get("steady_state_met") is not True and all(judgement for _, judgement in judgements):
            judgements.append(("hypothesis", unknown("Chaos Toolkit says that it is not met, and does not say why")))
        if self._has_begun_method:
            what = _AFTER if threading.current_thread() is threading.main_thread() else _DURING
            for name, judgement in judgements:
                self._run.verdicts.judge(f"{what}, {name}", judgement)
            return
        for name, judgement in judgements:
            if not judgement:
                self._run.verdicts.against(RunOutcome.BASELINE_NOT_MET, f"{name}: {'; '.join(judgement.reasons)}")

    def method_begins(self) -> None:
        self._has_begun_method = True
        self.refuse_to_go_on()
        if self._run.verdicts.speaks_against and not self._conductor.is_rehearsal:
            raise InterruptExecution("it was not well before, so nothing is hurt")

    def activity_begins(self) -> None:
        if not self._is_in_rollbacks:
            self.refuse_to_go_on()

    def activity_ended(self, activity: Mapping[str, Any], run: Mapping[str, Any] | None) -> None:
        """One that was interrupted has no run. An action that failed ends the method, in the background as well."""
        if threading.get_ident() in self._in_hypothesis:
            return
        if run is None:
            if threading.current_thread() is not threading.main_thread() and not self._is_stopping:
                # Whatever it raised is swallowed.
                self._run.verdicts.against(
                    RunOutcome.INCONCLUSIVE, f"{_name(activity)} was cut short in the background"
                )
            return
        if run.get("status") == "failed":
            self._failed(activity, run)
        elif "tolerance" in activity and activity.get("type") == "probe":
            self._run.verdicts.judge(f"probe {_name(activity)}", self._judged(activity, run))

    def rollbacks_begin(self) -> None:
        """A run that was refused has done nothing that could be put back: what there is belongs to others."""
        if not self._conductor.is_prepared:
            raise InterruptExecution("nothing of this run is to be rolled back: it was refused before it began")
        self._is_in_rollbacks = True
        self._conductor.interruption.is_patient = True
        self._run.enter(Phase.ROLLBACK)

    def rollbacks_ended(self) -> None:
        self._is_in_rollbacks = False
        self._conductor.interruption.is_patient = False

    def judge_end(self, journal: Mapping[str, Any], status: str) -> None:
        """What only the journal knows: `status` is what Chaos Toolkit itself thinks of the run."""
        verdicts = self._run.verdicts
        for each in journal.get("run") or ():
            if each.get("status") not in ("succeeded", "failed") and not verdicts.speaks_against:
                name = _name(each.get("activity") or {})
                verdicts.against(RunOutcome.INCONCLUSIVE, f"{name} was not run to its end")
        if status != "completed" and not verdicts.speaks_against:
            verdicts.against(RunOutcome.INCONCLUSIVE, f"Chaos Toolkit ended it as {status}")
        wanted, done = len(self._conductor.experiment.get("method") or ()), len(journal.get("run") or ())
        if self._has_begun_method and done < wanted and not verdicts.speaks_against:
            verdicts.against(RunOutcome.INCONCLUSIVE, f"only {done} of {wanted} activities of the method were run")

    def missing(self) -> Iterator[str]:
        """Of what every pass must have done."""
        if not self._has_begun_method:
            yield "the method was never begun"
        elif not self.has_run_method:
            yield "the method was not run to its end"
        probes = (self._conductor.experiment.get("steady-state-hypothesis") or {}).get("probes")
        judged_after = any(what.startswith(f"{_AFTER}, ") for what, _ in self._run.verdicts.judged)
        if probes and self._has_begun_method and not judged_after:
            yield "the hypothesis was not probed after the method"

    def refuse_to_go_on(self) -> None:
        """What was swallowed somewhere is raised here again."""
        if self._is_stopping:
            raise InterruptExecution("the run is being stopped")

    @property
    def _is_stopping(self) -> bool:
        return self._run.is_stopping or bool(self._conductor.interruption.received)

    @property
    def _run(self) -> Run:
        assert self._conductor.run is not None
        return self._conductor.run

    def _failed(self, activity: Mapping[str, Any], run: Mapping[str, Any]) -> None:
        why, name = why_failed(run), _name(activity)
        if activity.get("type") == "probe":
            self._run.verdicts.judge(f"probe {name}", unknown(f"it raised: {why}"))
            return
        is_told = self._run.verdicts.explains(why)
        reason = f"{'rollback' if self._is_in_rollbacks else 'action'} {name} failed: {why}"
        if not is_told:
            self._run.verdicts.against(RunOutcome.FAILED, reason)
        if self._is_in_rollbacks:
            return
        self._conductor.halt()
        if threading.current_thread() is threading.main_thread():
            raise InterruptExecution(reason)
        self._run.stop(RunOutcome.INCONCLUSIVE if is_told else RunOutcome.FAILED, reason)

    def _tell_unmet(self, probes: Sequence[Mapping[str, Any]]) -> None:
        """By Chaos Toolkit's own judgement: where probes are dry as well, it has looked at none, and all are met."""
        for asked, each in zip(self._asked(), probes, strict=False):
            if not each.get("tolerance_met"):
                reasons = self._judged(asked, each).reasons
                self._conductor.rehearsal.tell_unmet(self._run, _name(asked), "; ".join(reasons))

    def _asked(self) -> list[Mapping[str, Any]]:
        """The probes as the experiment has them: a reference has a tolerance of its own."""
        return list((self._conductor.experiment.get("steady-state-hypothesis") or {}).get("probes") or ())

    def _judged(self, activity: Mapping[str, Any], run: Mapping[str, Any]) -> Judgement:
        output = run.get("output")
        if self._has_begun_method and isinstance(output, Mapping) and output.get("state") == _NOT_MEASURED:
            return unknown("it was never measured: this run has no load, or what was recorded was not judged")
        try:
            judgement = judged(activity, run, self._conductor.configuration, self._conductor.secrets)
            return excused(judgement, activity, run, self._run.folder.samples)
        except Exception as cause:  # noqa: BLE001 - the border: a tolerance that crashes says that nobody knows
            return unknown(self._conductor.crashed(f"the tolerance of {_name(activity)}", cause))


def _name(activity: Mapping[str, Any]) -> str:
    return str(activity.get("name") or "without a name")
