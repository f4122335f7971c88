"""Toxiproxy: every edge is one of its proxies. They come from a file, so a restarted one has them at once."""

import json
from collections.abc import Mapping

from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import Catalogue, Service
from chaos_aura.core.errors import PingFailed
from chaos_aura.pings import Pong, toxiproxy
from chaos_aura.stack.edges import edge_port_name
from chaos_aura.stack.services.site import Site
from chaos_aura.stack.supervisor.program import Program


class Toxiproxy:
    name = "toxiproxy"

    def port_names(self, clients: tuple[str, ...]) -> tuple[str, ...]:
        return (self.name,)

    def upstream(self, client: str, site: Site) -> Address:
        return site.address(self.name)

    def jvm(self, site: Site) -> None:
        return None

    def describe(self, site: Site) -> Service:
        return Service(self.name, site.address(self.name), "http", site.manifest.toxiproxy.version.removeprefix("v"))

    def prepare(self, site: Site) -> None:
        """Its proxies need every other service's upstream: see `write_proxies`."""

    def program(self, site: Site) -> Program:
        address = site.address(self.name)
        argv = [str(site.cache.toxiproxy), "-host", address.host, "-port", str(address.port)]
        argv += ["-config", str(site.project.config(self.name) / "proxies.json")]
        return site.program(self.name, argv, grace_s=3, env={"LOG_LEVEL": "warn"})

    def ping(self, catalogue: Catalogue, timeout_s: float) -> Pong:
        """It answers well even when it could not listen for one of its proxies, so they are counted too."""
        address = catalogue.service(self.name).address
        pong = toxiproxy.ping(address, timeout_s)
        listening = toxiproxy.listening(address, timeout_s)
        for edge in catalogue.edges:
            if listening.get(edge.name) != str(edge.address):
                raise PingFailed(f"toxiproxy at {address}", f"has no proxy for the edge {edge.name} at {edge.address}")
        return pong


def write_proxies(site: Site, upstreams: Mapping[tuple[str, str], Address]) -> None:
    """One proxy for each edge, by (client, service)."""
    proxies = [
        {
            "name": f"{client}.{service}",
            "listen": str(site.address(edge_port_name(client, service))),
            "upstream": str(upstream),
            "enabled": True,
        }
        for (client, service), upstream in upstreams.items()
    ]
    site.write_config("toxiproxy", "proxies.json", json.dumps(proxies, indent=2))
