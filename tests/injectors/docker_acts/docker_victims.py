"""Containers to be hurt: each runs a small server, and can be started anew, removed, and made again."""

import json
import os
import random
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any

from awaiting import wait_until
from docker_engine import labels_of
from docker_server import SERVER

from chaos_aura.containers.container import NUMBER, PROJECT, SERVICE, Container
from chaos_aura.containers.engine import Engine, NoSuchContainer
from chaos_aura.containers.inside import run_inside
from chaos_aura.core.address import LOOPBACK, Address
from chaos_aura.core.catalogue import EXTERNAL, Catalogue
from chaos_aura.core.catalogue import Service as Target
from chaos_aura.core.errors import TargetUnfit
from chaos_aura.faults.ground import Ground
from chaos_aura.stack import ports
from chaos_aura.supervision.place import CATALOGUE

WITHIN_S = 30.0
_WELL_WITHIN_S = 2.0
_PREFIX = "chaos-aura-victim"
_PORT = 8000


@dataclass
class Victims:
    """One service of a project, in one container or several.

    `settings`: as docker's `create_host_config` takes them. It has a network of its own. The first container answers on
    a port of this machine, the same one whenever it is made again; the others in their network only.

    `called`: then it is one container, and meant by that name. Strangers are others beside it.
    """

    engine: Engine
    image: str
    mark: str
    home: Path
    count: int = 1
    settings: Mapping[str, Any] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ("python3", "-S", "-c", SERVER)
    words: tuple[str, ...] = ()
    called: str = ""
    strangers: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)
    reserved: ports.Reservation = field(default_factory=lambda: ports.choose(1, random.Random()))
    port: int = field(init=False)

    def __post_init__(self) -> None:
        [self.port] = self.reserved.ports

    @property
    def project(self) -> str:
        return f"{_PREFIX}-{self.mark.rpartition('.')[2]}"

    @property
    def target(self) -> Target:
        runs_in = {"container": self.called} if self.called else {"project": self.project, "service": "web"}
        return Target("web", Address(LOOPBACK, self.port), "http", "1", runs_in=runs_in, kind="http")

    @property
    def ground(self) -> Ground:
        return Ground(self.home, dict(os.environ))

    @property
    def numbers(self) -> range:
        return range(1, self.count + 1)

    def names(self) -> list[str]:
        return [self.called] if self.called else [f"{self.project}-web-{number}" for number in self.numbers]

    def make(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        catalogue = Catalogue(EXTERNAL, (self.target,), ())
        (self.home / CATALOGUE).write_text(catalogue.to_json(), encoding="utf-8")
        with self.engine.talking(self.project):
            if not self.engine.api.networks(names=[self.project]):
                self.engine.api.create_network(self.project, labels=labels_of(self.mark))
        for number, name in enumerate(self.names(), 1):
            if self._find(name) is None:
                self._make(number, name)
        self.await_well()

    def stranger(self, name: str, labels: Mapping[str, str] | None = None, **settings: Any) -> Container:
        """One that sleeps. Of no project unless labelled so."""
        self.make_only(name, labels, **settings)
        with self.engine.talking(name):
            self.engine.api.start(name)
        return self.engine.inspect(name)

    def make_only(self, name: str, labels: Mapping[str, str] | None = None, **settings: Any) -> None:
        """A stranger that is not started."""
        api = self.engine.api
        with self.engine.talking(name):
            made = api.create_container(
                self.image,
                ["sleep", "100000"],
                name=name,
                labels={**(labels or {}), **labels_of(self.mark)},
                host_config=api.create_host_config(**settings),
            )
        self.strangers.append(made["Id"])

    def remove_all(self) -> None:
        self.remove()
        for each in self.strangers:
            with suppress(NoSuchContainer), self.engine.talking(each):
                self.engine.api.remove_container(each, force=True)
        with suppress(NoSuchContainer), self.engine.talking(self.project):
            self.engine.api.remove_network(self.project)
        for each in self.volumes:
            self.remove_volume(each)

    def now(self, number: int = 1) -> Container:
        return self.engine.inspect(self.names()[number - 1])

    def restart(self) -> None:
        for name in self.names():
            self.engine.api.restart(name, timeout=0)
        self.await_well()

    def remove(self) -> None:
        for name in self.names():
            if found := self._find(name):
                with suppress(NoSuchContainer), self.engine.talking(name):
                    self.engine.api.remove_container(found.id, force=True)
            wait_until(lambda name=name: self._find(name) is None, WITHIN_S, "it is removed")

    def restore(self) -> None:
        for name in self.names():
            if (found := self.engine.find(name)) and not found.is_running:
                with suppress(TargetUnfit), self.engine.talking(name):
                    self.engine.api.start(name)
        self.make()

    def await_restart(self, restarts: int) -> None:
        """By its policy: what is restarted otherwise is counted anew."""
        wait_until(lambda: self.now().restarts > restarts and self.now().is_running, WITHIN_S, "its engine restarts it")
        self.await_well()

    def run_inside(self, *argv: str) -> None:
        done = run_inside(self.engine, self.now(), argv)
        assert done.code == 0, done.said

    def make_volume(self, options: str = "", **more: str) -> str:
        """In memory by `options`; without any, in a folder of the engine's."""
        told = {**({"type": "tmpfs", "device": "tmpfs", "o": options} if options else {}), **more}
        with self.engine.talking(self.project):
            self.engine.api.create_volume(self.project, driver="local", driver_opts=told, labels=labels_of(self.mark))
        self.volumes.append(self.project)
        return self.project

    def remove_volume(self, name: str) -> None:
        with suppress(NoSuchContainer), self.engine.talking(name):
            self.engine.api.remove_volume(name, force=True)

    def await_well(self) -> None:
        wait_until(self.is_well, WITHIN_S, f"{self.project} is well")

    def is_well(self) -> bool:
        """Each answers."""
        with suppress(OSError, HTTPException, ValueError, NoSuchContainer):
            return all(
                self.now(number).is_running and self.ask("healthz", number, _WELL_WITHIN_S) for number in self.numbers
            )
        return False

    def ask(self, what: str, number: int = 1, within_s: float = WITHIN_S, **given: object) -> Any:
        """OSError or HTTPException when it does not answer in time."""
        query = "&".join(f"{name}={value}" for name, value in given.items())
        url = f"http://{self._address(number)}/{what}?{query}"
        with urllib.request.urlopen(url, timeout=within_s) as answer:
            return json.loads(answer.read())

    def _address(self, number: int) -> Address:
        if number == 1:
            return Address(LOOPBACK, self.port)
        return Address(self.now(number).networks[self.project].address, _PORT)

    def _find(self, name: str) -> Container | None:
        """Not one whose id begins so."""
        found = self.engine.find(name)
        return found if found and found.name == name else None

    def _make(self, number: int, name: str) -> None:
        api = self.engine.api
        settings = {"network_mode": self.project, "restart_policy": {"Name": "always"}, **self.settings}
        nano_cpus = settings.pop("nano_cpus", None)  # which the client knows under no name
        if number == 1:
            settings["port_bindings"] = {_PORT: (LOOPBACK, self.port)}
        labels = {PROJECT: self.project, SERVICE: "web", NUMBER: str(number), **labels_of(self.mark)}
        with self.engine.talking(name):
            made = api.create_container(
                self.image,
                [*self.command, *self.words],
                name=name,
                labels=labels,
                environment=dict(self.environ),
                ports=[_PORT],
                host_config={**api.create_host_config(**settings), **({"NanoCpus": nano_cpus} if nano_cpus else {})},
            )
            api.start(made["Id"])


@contextmanager
def victims(engine: Engine, image: str, mark: str, home: Path, **wanted: Any) -> Iterator[Victims]:
    one = Victims(engine, image, mark, home, **wanted)
    try:
        one.make()
        yield one
    finally:
        try:
            one.remove_all()
        finally:
            one.reserved.release()
