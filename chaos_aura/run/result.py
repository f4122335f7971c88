"""Composes `result.json`: the verdict, why, and every figure. docs/runs.md tells its fields."""

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from chaos_aura.judge.noise import noisy_s
from chaos_aura.run.conclusion import Conclusion
from chaos_aura.run.evidence import Evidence, stories
from chaos_aura.run.figures import fault_figures, operation_figures
from chaos_aura.run.machine import machine
from chaos_aura.run.revision import Revision
from chaos_aura.run.run import Run
from chaos_aura.run.samples import Samples

SCHEMA = 1
_DISTRIBUTION = "chaos-aura"


def result(
    run: Run, evidence: Evidence, conclusion: Conclusion, revision: Revision, planned: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """`planned`: of a dry run, what each fault would touch."""
    ended_at = datetime.now(UTC)
    return {
        "schema": SCHEMA,
        "id": run.folder.id,
        "outcome": conclusion.outcome.value,
        "verdict": conclusion.verdict.value,
        "reasons": list(conclusion.reasons),
        "experiment": run.about.to_dict(),
        "again": run.about.again(run.seed),
        "began_at": run.began_at.isoformat(),
        "ended_at": ended_at.isoformat(),
        "took_s": round((ended_at - run.began_at).total_seconds(), 3),
        "seed": run.seed,
        "judgements": [
            {"what": what, "verdict": each.verdict.value, "reasons": list(each.reasons)}
            for what, each in run.verdicts.judged
        ],
        "faults": list(planned) or fault_figures(stories(run), run.since_began_s),
        "recovery": evidence.recovery_figures(run),
        "operations": _operations(evidence),
        "consistency": evidence.consistency_figures(),
        "load": _load(evidence),
        "machine": {**machine(), "noisy_s": round(noisy_s(Samples.read(run.folder.samples).noisy_ns()), 2)},
        "git": {"revision": revision.revision, "dirty": revision.dirty},
        "versions": _versions(run),
        "folder": os.path.relpath(run.folder.path, run.project.root),
    }


def _operations(evidence: Evidence) -> dict[str, Any] | None:
    if evidence.tenants is None:
        return None
    return operation_figures(evidence.tenants.observation(), evidence.tenants.baselines)


def _load(evidence: Evidence) -> dict[str, Any] | None:
    tenants = evidence.tenants
    if tenants is None:
        return None
    state, last = tenants.state, tenants.last or tenants.state
    return {
        "shape": "rate" if tenants.wanted.rate_per_s else tenants.wanted.shape,
        "pattern": tenants.wanted.pattern,
        "capacity_per_s": tenants.capacity_per_s or None,
        "rate_per_s": last.rate_per_s,
        "due": state.due,
        "begun": state.begun,
        "hold_s": state.hold_s,
        "lag_p99_ms": state.lag_p99_of_all_ms,
    }


def _versions(run: Run) -> dict[str, str]:
    services = run.catalogue.services if run.catalogue else ()
    return {_DISTRIBUTION: version(_DISTRIBUTION), **{each.name: each.version for each in services}}
