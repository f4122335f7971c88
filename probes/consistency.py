"""Whether the stores hold what tenants were told, and the pool what it should."""

from collections import Counter
from typing import Any

from chaos_aura.judge.consistency.stores.pool import type_of
from chaos_aura.record.samples import BACKLOG, FILE, newest_samples
from probes.around import catalogue
from probes.pool import read_pool
from probes.recovery import NOT_MEASURED_YET
from probes.run import Run

__all__ = ["agreement", "backlogs", "pool_balance"]

_WITHIN_S = 5.0


def backlogs() -> dict[str, Any]:
    """What has been acknowledged in this run and is not yet where it belongs, as it was sampled last.

    `{"decisions": {"waiting": 4, "oldest_s": 0.31}, "events": {"waiting": 0, "oldest_s": 0}}`; null where the store
    could not be asked; `{"state": "not measured yet"}` before the first sample.
    """
    rows = newest_samples(Run.current().folder / FILE)
    last = {str(row["name"]): row for row in rows if row["what"] == BACKLOG and "name" in row}
    told: dict[str, Any] = {name: {key: row.get(key) for key in ("waiting", "oldest_s")} for name, row in last.items()}
    return told or dict(NOT_MEASURED_YET)


def pool_balance() -> dict[str, Any]:
    """What the pool says there is, is free and is held, by type, and whether that adds up.

    `{"balanced": true, "total": {"t4": 20}, "free": {"t4": 18}, "held": {"t4": 2}, "holders": 1}`
    """
    pool = read_pool(catalogue(), _WITHIN_S)
    held = Counter(type_of(gpu_id) for gpu_ids in pool.held.values() for gpu_id in gpu_ids)
    types = {*pool.total, *pool.free, *held}
    return {
        "balanced": all(pool.total.get(name, 0) == pool.free.get(name, 0) + held[name] for name in types),
        "total": dict(pool.total),
        "free": dict(pool.free),
        "held": dict(held),
        "holders": len(pool.held),
    }


def agreement() -> dict[str, Any]:
    """What was found when the history of the current run was laid beside its stores, and GPUs that had two owners.

    `{"state": "measured", "acknowledged": 110, "lost": [], "doubled": [], "disagreeing": [], "phantom": [],
    "reordered": [], "leaked": [], "counts": {"lost": 0}, "two_owners": [], "missing": {}}`;
    before the load has ended, `{"state": "not measured yet"}`.
    """
    return dict(Run.current().finding("consistency") or NOT_MEASURED_YET)
