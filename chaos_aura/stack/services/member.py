"""What the processes of the platform under test have in common.

The stack knows them by their command line, their settings and one page. It imports nothing of them.
"""

import json
import sys
from collections.abc import Mapping

from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import Service, uri_of
from chaos_aura.core.errors import SupervisorFailed
from chaos_aura.core.project import Project
from chaos_aura.stack import flags
from chaos_aura.stack.edges import edge_port_name
from chaos_aura.stack.services.site import Site
from chaos_aura.stack.supervisor.program import Program
from chaos_aura.supervision.state import START_AGAIN

_SETTINGS = "settings.json"
FLAGS = "flags.json"
# The platform names services by URI, where its client libraries have one.
_SCHEMES = {"neo4j": "bolt", "redis": "redis"}
_OWN_VARIABLES = ("OTEL_", flags.PREFIX)


class Member:
    """One such process. Its edges, its module and its client name are those of `client`."""

    name: str
    client: str
    grace_s: float

    def port_names(self, clients: tuple[str, ...]) -> tuple[str, ...]:
        return (self.name,)

    def upstream(self, client: str, site: Site) -> Address:
        return site.address(self.name)

    def jvm(self, site: Site) -> None:
        return None

    def describe(self, site: Site) -> Service:
        return self.listening_at(site.direct(self.name))

    def listening_at(self, address: Address) -> Service:
        return Service(self.name, address, "http", _version(), self.pages(address))

    def pages(self, address: Address) -> dict[str, str]:
        return {}

    def prepare(self, site: Site) -> None:
        site.write_config(self.name, _SETTINGS, json.dumps(self._settings(site), indent=2) + "\n")

    def program(self, site: Site) -> Program:
        # As the process sees it, in whose current folder it is.
        settings = site.project.config(self.name).relative_to(site.project.home) / _SETTINGS
        argv = [sys.executable, "-P", "-m", f"chaos_aura.platform.{self.client}", str(settings)]
        env = _own_variables(site.environ)
        return site.program(self.name, argv, grace_s=self.grace_s, env=env, ends_first=True, has_clock=True)

    def _settings(self, site: Site) -> dict[str, object]:
        edges = {
            service: uri_of(_SCHEMES.get(service, ""), site.address(edge_port_name(client, service)))
            for client, service in site.edges
            if client == self.client
        }
        listen = str(site.listens(self.name))
        inventory = {"inventory": dict(site.inventory)} if site.inventory else {}
        told = {"flags": str(site.told / FLAGS)} if site.told else {}
        return {"process": self.name, "home": ".", "listen": listen, **edges, **inventory, **told}


def listens_at(name: str, project: Project) -> Address:
    """By the settings of one that a running stack could start, whether it is in the catalogue or not."""
    path = project.config(name) / _SETTINGS
    try:
        return Address.parse(json.loads(path.read_text(encoding="utf-8"))["listen"])
    except (OSError, ValueError, KeyError, TypeError) as cause:
        raise SupervisorFailed(str(path), f"does not tell where {name} listens ({cause!r})", START_AGAIN) from cause


def _own_variables(environ: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in environ.items() if key.startswith(_OWN_VARIABLES)}


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - 50 ms, and most do not ask

    try:
        return version("chaos-aura")
    except PackageNotFoundError:  # in a container, which has only the rooms that it needs
        return ""
