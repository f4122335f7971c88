"""Whether a worker works, and how its dependencies are."""

from collections.abc import Mapping
from typing import Any

from chaos_aura.platform.allocation.orders import Store
from chaos_aura.platform.guards import BreakerState, Guard
from chaos_aura.platform.worker.upkeep import Upkeep


class Readiness:
    """Ready means: it polls, and the pool answers, which is behind Temporal. Without a store it is degraded."""

    def __init__(self, guards: Mapping[Store, Guard]) -> None:
        self._guards = guards
        self._upkeep: Upkeep | None = None

    def begin(self, upkeep: Upkeep) -> None:
        self._upkeep = upkeep

    async def report(self) -> tuple[bool, dict[str, Any]]:
        is_ready = self._upkeep is not None and self._upkeep.pool_answers
        dependencies: dict[str, Any] = {store.value: guard.snapshot().document for store, guard in self._guards.items()}
        if not is_ready:
            dependencies["pool"] = {"state": "silent"}
        degraded = any(guard.state is not BreakerState.CLOSED for guard in self._guards.values())
        status = "away" if not is_ready else "degraded" if degraded else "ready"
        undone = list(self._upkeep.undone) if self._upkeep else ["temporal"]
        return is_ready, {"status": status, "dependencies": dependencies, "undone": undone}
