"""Temporal's development server with its web UI, on a SQLite file that outlives it."""

from pathlib import Path

from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import Service
from chaos_aura.core.project import Project
from chaos_aura.stack.services.site import Site, installed_program
from chaos_aura.stack.supervisor.program import Program

# WAL without waiting for the disk survives a killed server; only a power cut would lose the last moments.
_PRAGMAS = ("journal_mode=wal", "synchronous=0")
# With the default of 10 Updates in flight, 20 callers of one workflow fall from 200 answers a second to 11.
# The default limit of listings would make a busy watcher look like an unhealthy server.
_DYNAMIC_CONFIG = (
    "history.maxInFlightUpdates=1000",
    "history.maxTotalUpdates=10000",
    "frontend.namespaceRPS.visibility=1000",
    # A workflow task that nobody answers is given to the next worker after 2 s; by default it takes minutes after some
    # tries.
    'history.workflowTaskRetryMaxInterval="1s"',
)
# Collecting garbage less often costs memory and saves processor time, of which it is the largest user but one.
_ENVIRON = {"GOGC": "400", "GOMEMLIMIT": "1GiB"}


class Temporal:
    name = "temporal"

    def port_names(self, clients: tuple[str, ...]) -> tuple[str, ...]:
        return (self.name, "temporal.ui", "temporal.http", "temporal.metrics")

    def upstream(self, client: str, site: Site) -> Address:
        return site.address(self.name)

    def jvm(self, site: Site) -> None:
        return None

    def describe(self, site: Site) -> Service:
        pages = {"ui": f"http://{site.direct('temporal.ui')}", "metrics": f"http://{site.direct('temporal.metrics')}"}
        return Service(self.name, site.direct(self.name), "", site.manifest.temporal.server, pages)

    def prepare(self, site: Site) -> None:
        site.project.data(self.name).mkdir(parents=True, exist_ok=True)

    def program(self, site: Site) -> Program:
        address = site.listens(self.name)
        argv = [str(installed_program("temporal", self.name)), "server", "start-dev"]
        argv += ["--ip", address.host, "--port", str(address.port)]
        for option, port_name in (("ui", "temporal.ui"), ("http", "temporal.http"), ("metrics", "temporal.metrics")):
            argv += [f"--{option}-port", str(site.ports[port_name])]
        # As the process sees it: an absolute path may have a letter that means something in an address.
        argv += ["--db-filename", str(database(site.project).relative_to(site.project.home)), "--ui-disable-news-fetch"]
        argv += ["--log-level", "warn"]
        for pragma in _PRAGMAS:
            argv += ["--sqlite-pragma", pragma]
        for setting in _DYNAMIC_CONFIG:
            argv += ["--dynamic-config-value", setting]
        return site.program(self.name, argv, env=_ENVIRON, grace_s=5)


def database(project: Project) -> Path:
    return project.data(Temporal.name) / "temporal.db"
