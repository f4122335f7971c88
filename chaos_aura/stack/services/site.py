"""Where one stack is built: its folder, its cache, its ports, its clients."""

import os
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

from chaos_aura.core.address import LOOPBACK, Address, on_loopback
from chaos_aura.core.errors import MachineLacks
from chaos_aura.core.project import Project
from chaos_aura.stack import clocks
from chaos_aura.stack.cache import Cache
from chaos_aura.stack.edges import EDGE
from chaos_aura.stack.inventory import inventory_in
from chaos_aura.stack.java import Jre, find_jre
from chaos_aura.stack.manifest import Manifest
from chaos_aura.stack.supervisor.program import Program

_PASSED_ON = ("PATH", "TZ", "TMPDIR", "LD_LIBRARY_PATH")
# Without a locale that knows UTF-8, a JVM cannot open a path with a letter beyond ASCII. Without a user's name,
# Temporal does not start under a number that has none.
_OF_OURS = {"PYTHONUNBUFFERED": "1", "LC_ALL": "C.UTF-8", "USER": "chaos-aura"}


@dataclass(frozen=True)
class Site:
    project: Project
    cache: Cache
    manifest: Manifest
    environ: Mapping[str, str]
    ports: Mapping[str, int]
    edges: tuple[tuple[str, str], ...]
    jvm_flags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    clock_library: Path | None = None
    listens_on: str = LOOPBACK
    hosts: Mapping[str, str] = field(default_factory=dict)  # by service, where each is met; on loopback by default
    told: Path | None = None  # a folder in which others write: clocks, flags

    @cached_property
    def jre(self) -> Jre:
        return find_jre(self.environ, self.manifest.java.at_least)

    @property
    def service_environ(self) -> dict[str, str]:
        """Few variables of whoever started the stack: options meant for other programs must not change a service."""
        passed_on = {key: self.environ[key] for key in _PASSED_ON if key in self.environ}
        return {**passed_on, **_OF_OURS, "HOME": str(self.project.home)}

    @property
    def inventory(self) -> dict[str, int]:
        """Of the platform, where whoever starts the stack says it."""
        return inventory_in(self.environ)

    def address(self, port_name: str) -> Address:
        """Where the others meet it."""
        return Address(self.hosts.get(owner_of(port_name), LOOPBACK), self.ports[port_name])

    def listens(self, port_name: str) -> Address:
        """Where it listens itself."""
        return Address(self.listens_on, self.ports[port_name])

    def direct(self, port_name: str) -> Address:
        """Where people and probes meet it."""
        return on_loopback(self.ports[port_name])

    def clients_of(self, service: str) -> tuple[str, ...]:
        return tuple(client for client, into in self.edges if into == service)

    def program(
        self,
        name: str,
        argv: list[str],
        *,
        grace_s: float,
        env: Mapping[str, str] | None = None,
        ends_first: bool = False,
        has_clock: bool = False,
    ) -> Program:
        """`has_clock`: it can bear one of its own, and gets it where there is a library for that."""
        return Program(
            name=name,
            argv=tuple(argv),
            cwd=str(self.project.home),
            log=str(self.project.log(name)),
            env={**self.service_environ, **(env or {}), **(self._own_clock(name) if has_clock else {})},
            grace_s=grace_s,
            ends_first=ends_first,
        )

    def _own_clock(self, service: str) -> dict[str, str]:
        """Right at first, whatever a former stack has left."""
        if self.clock_library is None:
            return {}
        if self.told is not None:
            return clocks.clock_environ(self.clock_library, self.told / service / clocks.FILE)
        return clocks.clock_environ(self.clock_library, self.write_config(service, clocks.FILE, clocks.RIGHT))

    def write_config(self, service: str, file: str, text: str) -> Path:
        """Whole or not at all: a service may be starting from the former one."""
        folder = self.project.config(service)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / file
        partial = path.with_name(f".{file}.{os.getpid()}")
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
        return path


def owner_of(port_name: str) -> str:
    """The service that listens on it: Toxiproxy on those of all edges."""
    owner = port_name.partition(".")[0]
    return "toxiproxy" if owner == EDGE else owner


def package_folder(package: str, needed_by: str) -> Path:
    """Where an installed package lies, without importing it."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise MachineLacks(needed_by, f"the Python package {package} is missing", "pip install 'chaos-aura[local]'")
    return Path(spec.submodule_search_locations[0])


def installed_program(name: str, needed_by: str) -> Path:
    """A program that came with a Python package, beside this interpreter."""
    path = Path(sysconfig.get_path("scripts")) / name
    if not os.access(path, os.X_OK):
        raise MachineLacks(needed_by, f"no program {name} at {path}", "pip install 'chaos-aura[local]'")
    return path
