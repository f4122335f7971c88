"""Goes on watching after a fault until it is decided whether the system has recovered."""

import time
from dataclasses import dataclass

from chaos_aura.core.verdict import Judgement, unknown
from chaos_aura.judge.recovery import Outage, Recovery, State
from chaos_aura.run.observation import Observation
from chaos_aura.run.run import Run
from chaos_aura.run.tenants import Tenants

_LOOK_EVERY_S = 1.0


@dataclass(frozen=True)
class Watched:
    observation: Observation
    recovery: Recovery

    @property
    def judgement(self) -> Judgement:
        if self.recovery.state is State.UNDECIDED:
            reasons = "; ".join(self.recovery.judgement.reasons)
            return unknown(f"it was not watched until it was decided: {reasons}")
        return self.recovery.judgement


def watch(run: Run, tenants: Tenants, outage: Outage) -> Watched:
    """Ends when it is decided, when the run is stopped, or when the load has died: then nothing more can be seen."""
    while True:
        is_last = tenants.has_died or tenants.state.is_over or run.is_stopping
        observation = tenants.observation(time.monotonic_ns())
        found = observation.recovery(outage, tenants.baselines, tenants.usual)
        if found.state is not State.UNDECIDED or is_last:
            return Watched(observation, found)
        run.wait(_LOOK_EVERY_S)
