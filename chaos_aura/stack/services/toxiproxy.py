"""Toxiproxy: every edge is one of its proxies. They come from a file, so a restarted one has them at once."""

import json
from collections.abc import Mapping

from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import Service
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
        return Service(self.name, site.direct(self.name), "http", site.manifest.toxiproxy.version.removeprefix("v"))

    def prepare(self, site: Site) -> None:
        """Its proxies need every other service's upstream: see `write_proxies`."""

    def program(self, site: Site) -> Program:
        address = site.listens(self.name)
        argv = [str(site.cache.toxiproxy), "-host", address.host, "-port", str(address.port)]
        argv += ["-config", str(site.project.config(self.name) / "proxies.json")]
        return site.program(self.name, argv, grace_s=3, env={"LOG_LEVEL": "warn"})


def write_proxies(site: Site, upstreams: Mapping[tuple[str, str], Address]) -> None:
    """One proxy for each edge, by (client, service)."""
    proxies = [
        {
            "name": f"{client}.{service}",
            "listen": str(site.listens(edge_port_name(client, service))),
            "upstream": str(upstream),
            "enabled": True,
        }
        for (client, service), upstream in upstreams.items()
    ]
    site.write_config("toxiproxy", "proxies.json", json.dumps(proxies, indent=2))
