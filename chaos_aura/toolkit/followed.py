"""What Chaos Toolkit tells of an experiment while it goes on, turned into judgements of the run."""

import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from chaoslib.exceptions import InterruptExecution

from chaos_aura.core.outcome import RunOutcome
from chaos_aura.core.verdict import Judgement, failed, unknown
from chaos_aura.run.run import Run
from chaos_aura.run.standing import Phase
from chaos_aura.toolkit.judging import judged, why_failed
from chaos_aura.toolkit.noise import excused

if TYPE_CHECKING:
    from chaos_aura.toolkit.conductor import Conductor


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
        if not state or self._conductor.is_rehearsal:
            return
        judgements = [(_name(each["activity"]), self._judged(each["activity"], each)) for each in state["probes"]]
        if state.get("steady_state_met") is not True and all(judgement for _, judgement in judgements):
            judgements.append(("hypothesis", unknown("Chaos Toolkit says that it is not met, and does not say why")))
        if self._has_begun_method:
            for name, judgement in judgements:
                self._run.verdicts.judge(f"hypothesis, {name}", judgement)
            return
        for name, judgement in judgements:
            if not judgement:
                self._run.verdicts.against(RunOutcome.BASELINE_NOT_MET, f"{name}: {'; '.join(judgement.reasons)}")

    def method_begins(self) -> None:
        self._has_begun_method = True
        self.refuse_to_go_on()

    def activity_begins(self) -> None:
        if not self._is_in_rollbacks:
            self.refuse_to_go_on()

    def activity_ended(self, activity: Mapping[str, Any], run: Mapping[str, Any] | None) -> None:
        """One that was interrupted has no run. An action that failed ends the method, in the background as well."""
        if run is None or threading.get_ident() in self._in_hypothesis:
            return
        if run.get("status") == "failed":
            self._failed(activity, run)
        elif "tolerance" in activity and activity.get("type") == "probe":
            self._run.verdicts.judge(f"probe {_name(activity)}", self._judged(activity, run))

    def rollbacks_begin(self) -> None:
        self._is_in_rollbacks = True
        self._conductor.interruption.shield()
        self._run.enter(Phase.ROLLBACK)

    def rollbacks_ended(self) -> None:
        self._is_in_rollbacks = False
        self._conductor.interruption.unshield()

    def judge_end(self, journal: Mapping[str, Any], status: str) -> None:
        """What only the journal knows: `status` is what Chaos Toolkit itself thinks of the run."""
        verdicts = self._run.verdicts
        for state in journal.get("steady_states", {}).get("during") or []:
            if state and state.get("steady_state_met") is not True:
                probe = state["probes"][-1]["activity"] if state.get("probes") else {}
                verdicts.judge(f"hypothesis during the method, {_name(probe)}", failed("it was not met"))
                break
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
        judged_after = any(what.startswith("hypothesis, ") for what, _ in self._run.verdicts.judged)
        if probes and self._has_begun_method and not judged_after:
            yield "the hypothesis was not probed after the method"

    def refuse_to_go_on(self) -> None:
        """What was swallowed somewhere is raised here again."""
        if self._run.is_stopping or self._conductor.interruption.received:
            raise InterruptExecution("the run is being stopped")

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

    def _judged(self, activity: Mapping[str, Any], run: Mapping[str, Any]) -> Judgement:
        try:
            judgement = judged(activity, run, self._conductor.configuration, self._conductor.secrets)
            return excused(judgement, activity, run, self._run.folder.samples)
        except Exception as cause:  # noqa: BLE001 - the border: a tolerance that crashes says that nobody knows
            return unknown(self._conductor.crashed(f"the tolerance of {_name(activity)}", cause))


def _name(activity: Mapping[str, Any]) -> str:
    return str(activity.get("name") or "without a name")
