"""The figures of a run as `result.json` tells them: seconds since it began, milliseconds, counts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from chaos_aura.core.operation import Operation, Outcome
from chaos_aura.judge.baseline import Baseline
from chaos_aura.judge.moment import Moment
from chaos_aura.judge.percentile import percentile
from chaos_aura.judge.quality import Quality, graded
from chaos_aura.judge.recovery import Outage, Recovery
from chaos_aura.run.observation import Observation

_NS, _MS = 1e9, 1000.0
_SHARES = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}


def recovery_figures(outage: Outage, found: Recovery, counted_from: str, noisy_s: float) -> dict[str, Any]:
    """Each moment from the fault in force, with its error; `recovered_from_healed` from when the budget began."""
    return {
        "state": found.state.value,
        "budget_s": outage.budget_s,
        "counts_from": counted_from,
        "degraded": _moment(found.degraded, outage.in_force_ns),
        "detected": _exact(found.detected_ns, outage.in_force_ns),
        "recovered": _moment(found.recovered, outage.in_force_ns),
        "recovered_from_healed": _moment(found.recovered, outage.counts_from_ns),
        "bad": {str(defect.value): count for defect, count in found.bad.items()},
        "slow": found.slow,
        "noisy_s": round(noisy_s, 2),
        "reasons": list(found.judgement.reasons),
    }


def operation_figures(seen: Observation, baselines: Mapping[str, Baseline]) -> dict[str, Any]:
    """By what was asked: how they ended, how good they were, how long they took from their intended start."""
    found: dict[str, Any] = {}
    for who, each in baselines.items():
        operations = seen.of(who)
        grades = graded(operations, late_s=each.late_s, until_ns=seen.until_ns, unjustified=seen.unjustified)
        for what in sorted({operation.what for operation in operations}):
            found_so = Counter(grade.quality for grade in grades if grade.operation.what == what)
            counted = {quality.value: found_so[quality] for quality in Quality}
            of_these = [operation for operation in operations if operation.what == what]
            found[what] = {**_ends(of_these), **counted, **_percentiles(of_these), "late_ms": round(each.late_s * _MS)}
    return found


def _ends(operations: Sequence[Operation]) -> dict[str, int]:
    """One that has no end yet is one of which nobody knows."""
    counted = Counter((each.outcome or Outcome.INFO).value for each in operations)
    return {outcome.value: counted[outcome.value] for outcome in Outcome}


def _percentiles(operations: Sequence[Operation]) -> dict[str, float | None]:
    """Of what was answered."""
    times = [(each.ended_ns - each.due_ns) / _NS for each in operations if each.ended_ns and each.outcome is Outcome.OK]
    return {name: round(percentile(times, share) * _MS, 1) if times else None for name, share in _SHARES.items()}


def _moment(moment: Moment | None, from_ns: int) -> dict[str, float | None] | None:
    if moment is None:
        return None
    return {
        "low_s": _since_s(moment.low_ns, from_ns),
        "at_s": _since_s(moment.at_ns, from_ns),
        "high_s": _since_s(moment.high_ns, from_ns),
    }


def _exact(at_ns: int | None, from_ns: int) -> dict[str, float | None] | None:
    return _moment(None if at_ns is None else Moment(at_ns, at_ns, at_ns), from_ns)


def _since_s(at_ns: int | None, from_ns: int) -> float | None:
    """What came before it is told as at once: a fault may be felt before it is proven."""
    return None if at_ns is None else max(0.0, round((at_ns - from_ns) / _NS, 4))
