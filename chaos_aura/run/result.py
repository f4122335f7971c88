"""Composes `result.json`: the verdict, why, and every figure. docs/runs.md tells its fields."""

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from chaos_aura.run.conclusion import Conclusion
from chaos_aura.run.evidence import Evidence
from chaos_aura.run.fault_figures import fault_figures
from chaos_aura.run.faults import stories
from chaos_aura.run.machine import machine
from chaos_aura.run.revision import Revision
from chaos_aura.run.run import Run

if TYPE_CHECKING:
    from chaos_aura.run.tenants import Tenants

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
        "again": run.about.again(run.seed, run.catalogue.stack if run.catalogue else ""),
        "began_at": run.began_at.isoformat(),
        "ended_at": ended_at.isoformat(),
        "took_s": round((ended_at - run.began_at).total_seconds(), 3),
        "seed": run.seed,
        "judgements": [
            {"what": what, "verdict": each.verdict.value, "reasons": list(each.reasons)}
            for what, each in run.verdicts.judged
        ],
        "faults": list(planned) or fault_figures(stories(run.folder.timeline), run.since_began_s),
        **_of_load(run, evidence),
        "machine": {**machine(), "noisy_s": _noisy_s(run)},
        "git": {"revision": revision.revision, "dirty": revision.dirty},
        "versions": _versions(run),
        "folder": os.path.relpath(run.folder.path, run.project.root),
    }


def _noisy_s(run: Run) -> float:
    """Nobody looked where nothing was to be watched."""
    if not run.folder.samples.exists():
        return 0.0
    from chaos_aura.run.samples import Samples  # noqa: PLC0415 - for who has watched something

    return round(Samples.read(run.folder.samples).noisy_s(0), 2)


def _of_load(run: Run, evidence: Evidence) -> dict[str, Any]:
    if evidence.tenants is None:
        return {"recovery": None, "operations": None, "consistency": None, "load": None}
    from chaos_aura.run.figures import operation_figures  # noqa: PLC0415 - the judges, for who has something to judge
    from chaos_aura.run.gathering import consistency_of, recovery_of  # noqa: PLC0415

    return {
        "recovery": recovery_of(run, evidence),
        "operations": operation_figures(evidence.tenants.observation(), evidence.tenants.baselines),
        "consistency": consistency_of(evidence),
        "load": _load(evidence.tenants),
    }


def _load(tenants: "Tenants") -> dict[str, Any]:
    state, last = tenants.state, tenants.last or tenants.state
    return {
        "shape": "rate" if tenants.wanted.rate_per_s else tenants.wanted.shape,
        "pattern": tenants.wanted.pattern,
        "capacity_per_s": tenants.capacity_per_s or None,
        "capacity_origin": tenants.capacity_origin or None,
        "rate_per_s": last.rate_per_s,
        "due": state.due,
        "begun": state.begun,
        "hold_s": state.hold_s,
        "lag_p99_ms": state.lag_p99_of_all_ms,
    }


def _versions(run: Run) -> dict[str, str]:
    services = run.catalogue.services if run.catalogue else ()
    return {_DISTRIBUTION: version(_DISTRIBUTION), **{each.name: each.version for each in services}}
