"""How soon the system must notice, and be well again. For `probes.recovery.recovery_times`."""

from typing import Any

from chaos_aura.core.verdict import Judgement, Verdict, failed, passed, unknown
from chaos_aura.judge.recovery import State
from steady_states.border import is_not_measured_yet, judging, not_measured_yet, number
from steady_states.moment import Span

__all__ = ["at_most_degraded_for", "is_detected_within", "recovers_within"]


@judging
def recovers_within(seconds: float, value: Any = None) -> Judgement:
    """The system is well again so soon, counted from where its budget counts.

    That is from the fault where the system must heal itself, from the healing where the fault is held, and from the
    end of a spike where that came last.
    """
    if (told := _unless_recovered(seconds, value)) is not None:
        return told
    recovered = Span.of(value["recovered_from_healed"])
    if recovered is None:
        return unknown("it is not told when it was well again")
    return _spared(recovered, seconds, "recovered within", value)


@judging
def at_most_degraded_for(seconds: float, value: Any = None) -> Judgement:
    """From the first bad operation until it is well again, it takes no longer."""
    if (told := _unless_recovered(seconds, value)) is not None:
        return told
    began, ended = Span.of(value["degraded"]), Span.of(value["recovered"])
    if ended is None:
        return unknown("it is not told when it was well again")
    # Without one bad operation, backlogs alone were old: since the fault at the earliest.
    return _spared(_between(began or Span(0.0, 0.0), ended), seconds, "degraded for", value)


@judging
def is_detected_within(seconds: float, value: Any = None) -> Judgement:
    """So soon after the fault the system itself notices: a breaker opens, readiness turns."""
    if is_not_measured_yet(value):
        return not_measured_yet()
    if State(value["state"]) in (State.UNDECIDED, State.UNMEASURED) and value["detected"] is None:
        return unknown(f"the recovery is {value['state']}")
    detected = Span.of(value["detected"])
    return failed("the system noticed nothing") if detected is None else detected.is_at_most(seconds, "detected after")


def _unless_recovered(seconds: float, value: Any) -> Judgement | None:
    """What is to be said where it has no time of recovery."""
    if is_not_measured_yet(value):
        return not_measured_yet()
    match State(value["state"]):
        case State.RECOVERED:
            return None
        case State.UNHURT:
            return passed("nothing was bad")
        case State.LATE:
            return _late(seconds, number(value["budget_s"]))
    return unknown(f"the recovery is {value['state']}")


def _spared(span: Span, seconds: float, what: str, value: Any) -> Judgement:
    """What is too long by less than the machine itself was noisy may be nobody's fault."""
    judgement, noisy_s = span.is_at_most(seconds, what), number(value.get("noisy_s") or 0.0)
    if judgement.verdict is Verdict.FAIL and span.low_s - noisy_s <= seconds:
        reasons = "; ".join(judgement.reasons)
        return unknown(f"{reasons}; but the machine itself was noisy for {noisy_s:.1f} s of that time")
    return judgement


def _late(seconds: float, budget_s: float) -> Judgement:
    """Nobody waited for longer than its budget."""
    if seconds <= budget_s:
        return failed(f"not recovered within {budget_s:g} s, and {seconds:g} s were allowed")
    return unknown(f"not recovered within its budget of {budget_s:g} s, and nobody watched for {seconds:g} s")


def _between(began: Span, ended: Span) -> Span:
    latest_began_s = ended.low_s if began.high_s is None else began.high_s
    high_s = None if ended.high_s is None else max(0.0, ended.high_s - began.low_s)
    return Span(max(0.0, ended.low_s - latest_began_s), high_s)
