"""Neo4j Community with Bolt, from its published jars. It has no main class there: `neo4j_host` starts it."""

import json
import sys
from importlib.util import find_spec
from pathlib import Path

from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import Service
from chaos_aura.core.errors import MachineLacks
from chaos_aura.stack.java import NATIVE_ACCESS, SHORT_START, Jvm
from chaos_aura.stack.services.site import Site
from chaos_aura.stack.supervisor.program import Program

_HEAP = ("-Xms64m", "-Xmx512m")
# By default a server without a single client takes 10 s to end.
_SHORT_END = {
    "internal.dbms.bolt.netty_server_shutdown_quiet_period_duration": "0s",
    "internal.dbms.bolt.netty_server_shutdown_timeout": "3s",
    "internal.server.bolt.connection_shutdown_wait_time": "3s",
    "internal.server.bolt.thread_pool_shutdown_wait_time": "3s",
    "db.shutdown_transaction_end_timeout": "3s",
}
_SIGNALS_TO_HOST = "-Xrs"
_OPENED = tuple(
    f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in ("java.nio", "java.io", "sun.nio.ch", "java.lang")
)


class Neo4j:
    name = "neo4j"

    def port_names(self, clients: tuple[str, ...]) -> tuple[str, ...]:
        return (self.name,)

    def upstream(self, client: str, site: Site) -> Address:
        return site.address(self.name)

    def describe(self, site: Site) -> Service:
        """By `bolt`, never `neo4j`: with the routing scheme a client would go round its edge."""
        return Service(self.name, site.direct(self.name), "bolt", site.manifest.java_products[self.name].version)

    def jvm(self, site: Site) -> Jvm:
        classpath = (*site.cache.classpath(self.name, site.manifest), _bridge_jar())
        return Jvm(site.jre, classpath, (*SHORT_START, *NATIVE_ACCESS, *_OPENED, *_HEAP, _SIGNALS_TO_HOST))

    def prepare(self, site: Site) -> None:
        data = site.project.data(self.name)
        data.mkdir(parents=True, exist_ok=True)
        settings = "".join(f"{key}={value}\n" for key, value in self._settings(site).items())
        jvm = self.jvm(site)
        host = {
            "library": str(jvm.jre.library),
            "flags": [*jvm.flags, *site.jvm_flags.get(self.name, ())],
            "classpath": [str(path) for path in jvm.classpath[:-1]],  # the bridge adds its own jar, as the last
            "home": str(data),
            "settings": str(site.write_config(self.name, "neo4j.conf", settings)),
        }
        site.write_config(self.name, "host.json", json.dumps(host, indent=1))

    def program(self, site: Site) -> Program:
        config = site.project.config(self.name) / "host.json"
        host = Path(__file__).with_name("neo4j_host.py")  # by its file: as a module it would import all services
        argv = [sys.executable, "-P", str(host), str(config)]
        return site.program(self.name, argv, grace_s=20, env={"JAVA_HOME": str(site.jre.home)}, has_clock=True)

    def _settings(self, site: Site) -> dict[str, str]:
        return {
            "server.bolt.enabled": "true",
            "server.bolt.listen_address": str(site.listens(self.name)),
            "server.bolt.advertised_address": str(site.address(self.name)),
            "dbms.security.auth_enabled": "false",
            "dbms.usage_report.enabled": "false",
            "server.memory.pagecache.size": "64m",
            "db.tx_log.preallocate": "false",
            **_SHORT_END,
        }


def _bridge_jar() -> Path:
    """JPype's own jar, which it puts at the end of every class path."""
    spec = find_spec("jpype")
    if spec is None or spec.origin is None:
        raise MachineLacks("neo4j", "the Python package jpype1 is missing", "run: pip install 'chaos-aura[local]'")
    return Path(spec.origin).parent.parent / "org.jpype.jar"
