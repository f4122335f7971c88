"""Which ping is a service's, by its name. What has no protocol of its own is a process of the platform."""

from collections.abc import Callable, Mapping

from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import Catalogue
from chaos_aura.core.errors import PingFailed
from chaos_aura.pings import bolt, kafka, readyz, redis, temporal, toxiproxy
from chaos_aura.pings.pong import Pong

_PINGS: Mapping[str, Callable[[Address, float], Pong]] = {
    "redis": redis.ping,
    "kafka": kafka.ping,
    "neo4j": bolt.ping,
    "temporal": temporal.ping,
}


def ping(catalogue: Catalogue, name: str, timeout_s: float) -> Pong:
    """One real operation at its direct address. PingFailed when it does not succeed."""
    address = catalogue.service(name).address
    if name == "toxiproxy":
        return _toxiproxy(catalogue, address, timeout_s)
    if name in _PINGS:
        return _PINGS[name](address, timeout_s)
    return readyz.ping(name, address, timeout_s)


def _toxiproxy(catalogue: Catalogue, address: Address, timeout_s: float) -> Pong:
    """It answers well even when it could not listen for one of its proxies, so they are counted too."""
    pong = toxiproxy.ping(address, timeout_s)
    listening = toxiproxy.listening(address, timeout_s)
    for edge in catalogue.edges:
        if listening.get(edge.name) != str(edge.address):
            raise PingFailed(f"toxiproxy at {address}", f"has no proxy for the edge {edge.name} at {edge.address}")
    return pong
