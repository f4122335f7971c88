"""How the load of the current run fares, from its history."""

from collections import Counter
from typing import Any

from chaos_aura.core.errors import NotMeasured
from chaos_aura.core.operation import Outcome
from chaos_aura.judge.percentile import percentile
from probes.seen_operations import OF_TENANTS, Window, window

__all__ = ["operations", "success_rate", "throughput"]

_SHARES = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}


def success_rate(window_s: float = 0) -> float:
    """Which share of the tenants' operations that ended went well: 0 to 1.

    A refusal is no success, also for want of capacity: a pool that leaks gives that answer at once. window_s: of the
    last seconds; 0 is the whole run.
    """
    seen = window(window_s)
    ended = seen.of(*OF_TENANTS)
    if not ended:
        raise NotMeasured("load", f"no operation has ended in {seen.lasted_s:.1f} s", "give it a load, or more time")
    return len(seen.ok(*OF_TENANTS)) / len(ended)


def throughput(window_s: float = 0) -> float:
    """How many of the tenants' operations went well a second.

    window_s: of the last seconds; 0 is the whole run.
    """
    seen = window(window_s)
    if seen.lasted_s <= 0:
        raise NotMeasured("load", "no operation has ended yet", "give it a load, or more time")
    return len(seen.ok(*OF_TENANTS)) / seen.lasted_s


def operations(window_s: float = 0) -> dict[str, Any]:
    """How many operations of each kind there were, how they ended, how long they took from when they were due.

    `{"allocate": {"ok": 110, "fail": 4, "info": 3, "under_way": 2, "p50_ms": 95.1, "p95_ms": 180.0, "p99_ms": 210.4}}`;
    times are of those that went well, null when there are none. window_s: of the last seconds; 0 is the whole run.
    """
    seen = window(window_s)
    kinds = sorted({each.what for each in (*seen.ended, *seen.under_way)})
    return {what: _of(seen, what) for what in kinds}


def _of(seen: Window, what: str) -> dict[str, Any]:
    counted = Counter(each.outcome for each in seen.of(what))
    times_ms = [(each.ended_ns - each.due_ns) / 1e6 for each in seen.ok(what) if each.ended_ns is not None]
    return {
        **{outcome.value: counted[outcome] for outcome in Outcome},
        "under_way": sum(each.what == what for each in seen.under_way),
        **{name: round(percentile(times_ms, share), 3) if times_ms else None for name, share in _SHARES.items()},
    }
