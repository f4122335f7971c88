"""Whether services do their work, each by one real operation at its own address, past every edge."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from chaos_aura.core.catalogue import Catalogue
from chaos_aura.core.errors import PingFailed
from chaos_aura.pings import of_service
from probes.around import catalogue
from probes.readiness import API, SILENT, read_readiness

__all__ = ["all_services", "platform_readiness", "service_health"]

_READY_WITHIN_S = 2.0


def service_health(service: str, timeout_s: float = 5.0) -> dict[str, Any]:
    """Whether one service does its work.

    `{"service": "redis", "healthy": true, "latency_s": 0.0009, "detail": "PONG"}`; `detail` says why it does not.
    """
    return _health(catalogue(), service, timeout_s)


def all_services(timeout_s: float = 5.0) -> dict[str, Any]:
    """Whether every service does its work, asked side by side.

    `{"healthy": false, "services": {"redis": {"service": "redis", "healthy": true, ...}, ...}}`
    """
    known = catalogue()
    names = [each.name for each in known.services]
    with ThreadPoolExecutor(max_workers=max(1, len(names))) as side_by_side:
        seen = list(side_by_side.map(lambda name: _health(known, name, timeout_s), names))
    return {
        "healthy": bool(seen) and all(each["healthy"] for each in seen),
        "services": {each["service"]: each for each in seen},
    }


def platform_readiness() -> dict[str, Any]:
    """What the platform's API says of itself: ready, degraded or away, or silent when it does not answer.

    `{"status": "degraded", "breakers": {"neo4j": "open"}, "answers": {"neo4j": false}, "why": ""}`
    """
    try:
        return {**read_readiness(catalogue(), API, _READY_WITHIN_S), "why": ""}
    except PingFailed as failed:
        return {"status": SILENT, "breakers": {}, "answers": {}, "why": failed.why}


def _health(known: Catalogue, service: str, timeout_s: float) -> dict[str, Any]:
    known.service(service)  # one that is not there is a mistake of who asks, and no ill health
    try:
        pong = of_service.ping(known, service, timeout_s)
    except PingFailed as failed:
        return {"service": service, "healthy": False, "latency_s": None, "detail": failed.why}
    return {"service": service, "healthy": True, "latency_s": pong.latency_s, "detail": pong.detail}
