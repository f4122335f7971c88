"""Tenants that ask for GPUs while something is hurt, and whose operations are what a run is judged by."""

from typing import Any

from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.outcome import RunOutcome
from chaos_aura.run.load_wanted import LoadWanted
from chaos_aura.toolkit import active
from chaos_aura.toolkit.border import activity
from chaos_aura.toolkit.told import Told

__all__ = ["drive_allocations", "stop_load"]


def drive_allocations(
    shape: str = "baseline",
    rate_per_s: float = 0.0,
    pattern: str = "constant",
    baseline_s: float = 12.0,
    hold_s: float = 1.0,
    tenants: int = 8,
    canary_per_s: float = 20.0,
    mix: dict[str, Any] | None = None,
) -> Told:
    """Let tenants ask for GPUs, hold them and give them back; returns when it is known how the system usually is.

    It goes on until the run knows whether the system has recovered, or `stop_load`. A system that is not well before
    anything is hurt ends the run as *baseline not met*.

    shape: baseline (0.3 of what this machine can do), sustained (0.6), peak (1.0) or spike (0.3, then up to 5.0).
    rate_per_s: allocations a second, instead of a shape.
    pattern: constant or poisson.
    baseline_s: how long it is watched before anything is hurt.
    hold_s: how long each allocation is held.
    tenants: how many there are.
    canary_per_s: how often the API's health is asked for beside the load.
    mix: which GPU types, counts and priorities, each with its weight.

    What comes back: {"shape", "rate_per_s", "capacity_per_s", "baseline": {"tenants": {"p99_s", "late_s"}, ...}}.
    """
    run = active.required()
    wanted = LoadWanted(shape, rate_per_s, pattern, baseline_s, hold_s, tenants, canary_per_s, mix)
    with activity():
        try:
            load = active.conducting().start_load(wanted)
        except ChaosAuraError as cause:
            if not run.verdicts.explains(str(cause)):
                run.verdicts.against(RunOutcome.INCONCLUSIVE, str(cause))
            raise
        baselines = {
            who: {"operations": each.operations, "p99_s": round(each.p99_s, 4), "late_s": round(each.late_s, 3)}
            for who, each in load.baselines.items()
        }
        return {
            "shape": shape,
            "rate_per_s": load.state.rate_per_s,
            "capacity_per_s": load.capacity_per_s or None,
            "baseline": baselines,
        }


def stop_load() -> Told:
    """End the load before its time: nothing new is asked for, what is held is given back.

    What comes back: {"begun", "ok", "fail", "info"}. What happens afterwards is no longer seen by anybody.
    """
    conducting = active.conducting()
    with activity():
        load = conducting.evidence.tenants
        if load is None:
            return {"begun": 0, "ok": 0, "fail": 0, "info": 0}
        load.stop()
        state = load.state
        return {"begun": state.begun, "ok": state.ok, "fail": state.fail, "info": state.info}
