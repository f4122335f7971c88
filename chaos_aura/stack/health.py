"""Whether a service does its work: the supervisor's word on its process, and one real operation on it."""

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from chaos_aura.core.catalogue import Catalogue, Service
from chaos_aura.core.errors import PingFailed
from chaos_aura.pings.of_service import ping
from chaos_aura.supervision.state import ChildState, ChildStatus

_REMEDIES = {
    ChildState.STOPPED: "run: chaos-aura up",
    ChildState.ENDED: "run: chaos-aura up",
    ChildState.STOPPING: "wait, or run: chaos-aura up",
    ChildState.RESTARTING: "wait a moment",
}


class HealthState(StrEnum):
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"  # its process runs, but does not do its work
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Health:
    """A row of `chaos-aura status`."""

    name: str
    state: HealthState
    address: str
    version: str
    pid: int | None
    uptime_s: float
    restarts: int
    latency_s: float | None
    detail: str
    remedy: str

    @property
    def is_healthy(self) -> bool:
        return self.state is HealthState.HEALTHY

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def check(catalogue: Catalogue, child: ChildStatus, timeout_s: float) -> Health:
    """Never raises: what a ping could not do is what this tells."""
    row = _row(catalogue.service(child.name), child)
    if child.state is not ChildState.RUNNING:
        return replace(row, state=HealthState.DOWN, detail=_why_down(child), remedy=_remedy(child))
    try:
        pong = ping(catalogue, child.name, timeout_s)
    except PingFailed as failed:
        return replace(row, state=HealthState.UNHEALTHY, detail=failed.why, remedy=_remedy(child))
    return replace(row, version=pong.version or row.version, latency_s=pong.latency_s, detail=pong.detail)


def _row(service: Service, child: ChildStatus) -> Health:
    return Health(
        name=service.name,
        state=HealthState.HEALTHY,
        address=service.uri,
        version=service.version,
        pid=child.process.pid if child.process else None,
        uptime_s=child.process.uptime_s() if child.process else 0.0,
        restarts=child.restarts,
        latency_s=None,
        detail="",
        remedy="",
    )


def _why_down(child: ChildStatus) -> str:
    why = child.last_end or child.state.value
    return f"{why}, starts again in {child.retry_in_s:.1f} s" if child.state is ChildState.WAITING else why


def _remedy(child: ChildStatus) -> str:
    return _REMEDIES.get(child.state, f"look at: chaos-aura logs {child.name}")
