"""Which ping is a service's, by what it speaks. What has no protocol of its own is a process of the platform."""

from collections.abc import Callable, Mapping

from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import EXTERNAL, Catalogue, Edge, Service
from chaos_aura.core.errors import PingFailed
from chaos_aura.core.project_file import FILE
from chaos_aura.pings import bolt, http, kafka, readyz, redis, temporal, toxiproxy
from chaos_aura.pings.pong import Pong

_PINGS: Mapping[str, Callable[[Address, float], Pong]] = {
    "redis": redis.ping,
    "kafka": kafka.ping,
    "neo4j": bolt.ping,
    "temporal": temporal.ping,
}


_TOXIPROXY, _HTTP = "toxiproxy", "http"
_ROOT = "/"
_ANYWHERE = ("0.0.0.0", "[::]", "")


def ping(catalogue: Catalogue, name: str, timeout_s: float) -> Pong:
    """One real operation at its direct address. PingFailed when it does not succeed."""
    service = catalogue.service(name)
    if service.speaks == _TOXIPROXY:
        return _toxiproxy(catalogue, service, timeout_s)
    if service.speaks == _HTTP:
        return http.ping(name, service.address, service.health or _ROOT, timeout_s)
    return ping_at(service.speaks, service.address, timeout_s, name)


def ping_at(speaks: str, address: Address, timeout_s: float, name: str = "") -> Pong:
    """`name`: as people know it, where that is another word."""
    if speaks in _PINGS:
        return _PINGS[speaks](address, timeout_s)
    return readyz.ping(name or speaks, address, timeout_s)


def _toxiproxy(catalogue: Catalogue, service: Service, timeout_s: float) -> Pong:
    """It answers well even when it could not listen for one of its proxies, so they are counted too."""
    pong = toxiproxy.ping(service.address, timeout_s)
    listening = toxiproxy.listening(service.address, timeout_s)
    for edge in catalogue.edges:
        if not _is_for(edge, listening.get(edge.proxy), catalogue.stack, service):
            raise _without(edge, listening, catalogue.stack, service)
    return pong


def _without(edge: Edge, listening: Mapping[str, str], stack: str, service: Service) -> PingFailed:
    """One of our own is started with all of its proxies."""
    where, why = f"toxiproxy at {service.address}", f"has no proxy for the edge {edge.name} at {edge.address}"
    if stack != EXTERNAL:
        return PingFailed(where, why)
    has = ", ".join(sorted(listening)) or "none"
    why = f"has no proxy {edge.proxy} for the edge {edge.name}; it has: {has}; a restart forgets those made by its API"
    return PingFailed(where, why, f"make {edge.proxy} again, or mend `proxy` in {FILE}")


def _is_for(edge: Edge, listen: str | None, stack: str, service: Service) -> bool:
    """Where it listens it tells as it sees that itself. From outside a container, the address is another one: of our
    own stack with the same port, of somebody else's with any.
    """
    if listen is None:
        return False
    if listen == str(edge.address) or stack == EXTERNAL:
        return True
    host, _, port = listen.rpartition(":")
    return service.is_contained and host in _ANYWHERE and port == str(edge.address.port)
