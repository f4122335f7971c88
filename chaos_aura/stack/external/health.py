"""Whether a service of somebody else does its work: the engine's word on its containers, and one real operation."""

from dataclasses import replace

from chaos_aura.containers.container import Container, Status
from chaos_aura.containers.keeper import ended
from chaos_aura.containers.publishing import published_elsewhere, refuse_elsewhere
from chaos_aura.core.catalogue import Catalogue, Service
from chaos_aura.core.errors import PingFailed, TargetUnfit
from chaos_aura.core.project_file import FILE, TOXIPROXY
from chaos_aura.pings.of_service import ping
from chaos_aura.stack.external.containers import Look
from chaos_aura.stack.health import Health, HealthState


def check(catalogue: Catalogue, service: Service, look: Look, timeout_s: float) -> Health:
    """Never raises: what a ping could not do is what this tells."""
    found = look.found.get(service.name, ())
    row = _row(service, found)
    if wrong := look.wrong.get(service.name):
        return replace(row, state=HealthState.DOWN, detail=f"{wrong.where} {wrong.why}", remedy=wrong.remedy)
    if found and not any(each.is_running for each in found):
        remedy = f"run: docker start {found[0].name}"
        return replace(row, state=HealthState.DOWN, detail=_why_down(found[0]), remedy=remedy)
    if found and service.name == TOXIPROXY:
        try:
            refuse_elsewhere(service.name, found, service.address)
        except TargetUnfit as strange:
            return replace(row, state=HealthState.DOWN, detail=strange.why, remedy=strange.remedy)
    try:
        pong = ping(catalogue, service.name, timeout_s)
    except PingFailed as failed:
        detail, remedy = _why(failed, found), failed.remedy or _remedy(found, look)
        if elsewhere := published_elsewhere(found, service.address):
            detail, remedy = f"{detail}; {elsewhere}", f"mend its address in {FILE}"
        return replace(row, state=HealthState.UNHEALTHY, detail=detail, remedy=remedy)
    unseen = f"its container could not be looked at: {look.blind}" if service.is_contained and look.blind else ""
    return replace(row, version=pong.version, latency_s=pong.latency_s, detail=pong.detail, remedy=unseen)


def _row(service: Service, found: tuple[Container, ...]) -> Health:
    process = next((each.process for each in found if each.process), None)
    return Health(
        name=service.name,
        state=HealthState.HEALTHY,
        address=service.uri,
        version="",
        pid=process.pid if process else None,
        uptime_s=process.uptime_s() if process else 0.0,
        restarts=sum(each.restarts for each in found),
        latency_s=None,
        detail="",
        remedy="",
    )


def _why_down(container: Container) -> str:
    end = ended(container)
    return f"container {container.name} is {container.status.value}" + (f" ({end})" if end else "")


def _why(failed: PingFailed, found: tuple[Container, ...]) -> str:
    paused = [each.name for each in found if each.status is Status.PAUSED]
    return f"{failed.why}; paused: {', '.join(paused)}" if paused else failed.why


def _remedy(found: tuple[Container, ...], look: Look) -> str:
    if found:
        return f"look at: docker logs {found[0].name}"
    return look.blind or f"look at it where it runs; its address is from {FILE}"
