"""A stack's folder with a catalogue and nothing behind it. The fake injector is installed in it, for every process."""

import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from awaiting import wait_until
from controlling import Controller
from hurting import is_stopped
from local_stack import processes_in

from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import Catalogue, Edge, Service
from chaos_aura.core.process import ProcessId
from chaos_aura.core.signature import signer
from chaos_aura.faults.engine import Engine
from chaos_aura.faults.fake import FakeInjector
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.guard import Guard
from chaos_aura.faults.ledger import Ledger
from chaos_aura.faults.limits import Limits
from chaos_aura.faults.place import REAPER_LOCK
from chaos_aura.faults.registry import Registry

_ENDS_WITHIN_S = 60.0
SERVICES = ("neo4j", "redis", "kafka")
_SCHEMES = {"neo4j": "bolt", "redis": "redis"}


class NoGuard(Guard):
    """For tests in which nobody dies."""

    looks = 0

    def look(self) -> None:
        self.looks += 1


@dataclass(frozen=True)
class FakeHome:
    root: Path
    environ: dict[str, str]

    @property
    def home(self) -> Path:
        return self.root / ".chaos-aura"

    @property
    def ground(self) -> Ground:
        return Ground(self.home, self.environ)

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.ground.folder)

    @property
    def fake(self) -> FakeInjector:
        return FakeInjector(self.ground)

    def engine(self, guard: Guard | None = None, limits: Limits | None = None, proven_within_s: float = 1) -> Engine:
        registry = Registry((self.fake,))
        limits = limits or Limits(faults_at_once=1000)
        return Engine(self.ground, registry, guard or NoGuard(), limits=limits, proven_within_s=proven_within_s)


@contextmanager
def fake_home(folder: Path, plug_ins: Path, catalogue: Catalogue | None = None) -> Iterator[FakeHome]:
    """Whatever guards it must have ended by itself when it is left."""
    made = FakeHome(folder, {**os.environ, "PYTHONPATH": str(plug_ins), "CHAOS_AURA_PROJECT": str(folder)})
    made.home.mkdir(parents=True)
    (made.home / "catalogue.json").write_text((catalogue or _catalogue()).to_json(), encoding="utf-8")
    try:
        yield made
        wait_until(lambda: not processes_in(folder), _ENDS_WITHIN_S, "no process is left in the folder")
    finally:
        for process in processes_in(folder):
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)


def install_fake(folder: Path) -> Path:
    """As a package manager would: a folder with metadata that name the entry point."""
    info = folder / "fake_plug_in-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fake-plug-in\nVersion: 1.0\n", encoding="utf-8")
    entry = "[chaos_aura.injectors]\nfake = chaos_aura.faults.fake:FakeInjector\n"
    (info / "entry_points.txt").write_text(entry, encoding="utf-8")
    return folder


def kill_with_its_reaper(home: FakeHome, one: Controller) -> None:
    """Neither has the time to see that the other is dead: nobody watches over what is open."""
    reaper = signer(home.ground.folder / REAPER_LOCK)
    assert reaper
    owner = ProcessId.of(one.process.pid)
    assert owner
    os.kill(owner.pid, signal.SIGSTOP)
    wait_until(lambda: is_stopped(owner), _ENDS_WITHIN_S, "the owner is stopped, with each of its threads")
    os.kill(reaper.pid, signal.SIGKILL)
    one.process.kill()
    one.process.wait()
    wait_until(lambda: not reaper.is_alive(), _ENDS_WITHIN_S, "the reaper is dead")


def catalogue_around(api: str, services: Iterable[str]) -> Catalogue:
    """With an API that is really there, which the load asks without a proxy between."""
    there = Address.parse(api)
    without = _catalogue(services)
    return Catalogue(
        without.stack,
        (Service("api", there, "http", "1"), *without.services),
        (Edge("load", "api", there, there, "http"), *without.edges),
    )


def _catalogue(names: Iterable[str] = SERVICES) -> Catalogue:
    names = tuple(names)
    services = tuple(Service(name, Address("127.0.0.1", 1), _SCHEMES.get(name, ""), "1") for name in names)
    edges = tuple(Edge("worker", name, Address("127.0.0.1", 1), Address("127.0.0.1", 1), "") for name in names)
    return Catalogue("fake", services, edges)
