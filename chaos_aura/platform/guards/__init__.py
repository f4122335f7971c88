"""Guards: every call to a dependency goes through one. `await guard.run(operation)`, or `run_sync` in a thread."""

from chaos_aura.platform.guards.change import BreakerChange, BreakerState
from chaos_aura.platform.guards.guard import Guard, GuardSnapshot
from chaos_aura.platform.guards.policy import Policy
from chaos_aura.platform.guards.retrial import CallWatcher

__all__ = ["BreakerChange", "BreakerState", "CallWatcher", "Guard", "GuardSnapshot", "Policy"]
