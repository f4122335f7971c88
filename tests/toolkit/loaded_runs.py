"""`chaos run` of experiments with a load, against a small platform that misbehaves in exactly known ways while the fake
injector's fault is in force. Several at once, each in a folder of its own: most of their time they only watch.
"""

import os
import signal
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any

from awaiting import NeverCame, wait_until
from chaos_run import NOISE, Ran, action, control, ended, experiment, started
from fake_home import FakeHome, catalogue_around, fake_home
from local_stack import processes_in
from stub_platform import StubPlatform, stub_platform

from chaos_aura.record.timeline import read_timeline

AT_ONCE = 6
WITHIN_S = 150.0
_TRIES = 3
_GONE_WITHIN_S = 60.0  # the load gives back what it holds for 8 s at most, on a busy machine
_STARTS_APART_S = 1.0
_OURS = ("chaos_aura.load", "probes.sampler")
FOR_EVER = [(0, 1 << 62, "refuse")]


@dataclass(frozen=True)
class Case:
    """`stores`: what the catalogue names beside the API and Redis. `meanwhile` is called while the run goes on.

    `is_undecided`: also where the machine is quiet.
    """

    wishes: Mapping[str, Any] = field(default_factory=dict)
    budget_s: float = 10.0
    hurts_s: float = 1.5
    seed: int = 7
    stores: tuple[str, ...] = ()
    load: Mapping[str, Any] = field(default_factory=dict)
    is_undecided: bool = False
    meanwhile: Callable[["Scene"], None] = lambda _: None


@dataclass
class Scene:
    """While it goes on."""

    home: FakeHome
    stub: StubPlatform
    process: "Popen[str]"

    @property
    def folder(self) -> Path:
        return self.home.home / "runs" / "latest"

    def events(self, name: str) -> list[dict[str, Any]]:
        return [each for each in read_timeline(self.folder / "timeline.jsonl") if each["event"] == name]

    def await_event(self, name: str, **told: Any) -> dict[str, Any]:
        def found() -> list[dict[str, Any]]:
            assert self.process.poll() is None, f"it ended before {name}: {self.process.communicate()}"
            return [each for each in self.events(name) if told.items() <= each.items()]

        return wait_until(found, WITHIN_S, f"{name} {told}")[-1]

    def pid_of(self, module: str) -> int:
        [found] = [each.pid for each, line in processes_in(self.home.root).items() if f"-m {module}" in line]
        return found


@dataclass(frozen=True)
class Played:
    """What is left of one. `held`: by tenants who never gave it back. `left`: processes that it was survived by."""

    ran: Ran
    story: list[dict[str, Any]]
    doubled: list[str]
    held: list[str]
    leases: int
    is_clean: bool
    left: list[str]
    have_gone: bool


class Stage:
    """Plays those cases that are wanted, in their order."""

    def __init__(self, cases: Mapping[str, Case], wanted: Iterable[str], folder: Path, plug_ins: Path) -> None:
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self._played: dict[str, Future[Played]] = {
            name: self._pool.submit(_play, cases[name], folder / name.replace(" ", "-"), plug_ins, nth)
            for nth, name in enumerate(name for name in cases if name in set(wanted))
        }

    def __getitem__(self, name: str) -> Played:
        return self._played[name].result()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)


def _play(case: Case, folder: Path, plug_ins: Path, nth: int) -> Played:
    """Again where the machine was too busy, and the run says so."""
    time.sleep(_STARTS_APART_S * min(nth, AT_ONCE))  # what they need most is the processor, when they start
    for number in range(_TRIES):
        played = _played(case, folder / str(number), plug_ins)
        is_noise = played.ran.outcome != "passed" and any(word in played.ran.reasons for word in NOISE)
        if case.is_undecided or not is_noise:
            break
    return played


def _played(case: Case, folder: Path, plug_ins: Path) -> Played:
    hurt = folder / ".chaos-aura" / "faults" / "fake" / "struck"
    with (
        stub_platform(**{"folder": str(hurt), **case.wishes}) as stub,
        fake_home(folder, plug_ins, catalogue_around(stub.address, ("redis", *case.stores))) as home,
    ):
        process = started(home.root, home.environ, _document(case))
        try:
            case.meanwhile(Scene(home, stub, process))
            ran = ended(home.root, home.home, process, WITHIN_S)
        finally:
            process.kill()
            process.communicate()
        left = [line for line in processes_in(home.root).values() if any(f"-m {module} " in line for module in _OURS)]
        with suppress(NeverCame):
            wait_until(lambda: not processes_in(home.root), _GONE_WITHIN_S, "its processes have ended")
        told = stub.page("/stub")
        return Played(
            ran,
            told["story"],
            told["doubled"],
            told["held"],
            len(home.ledger.leases()),
            not home.fake.struck() and not home.ledger.open_leases(),
            left,
            not processes_in(home.root),
        )


def _document(case: Case) -> dict[str, Any]:
    """As many operations as a baseline needs, and few more: 100 of tenants and 100 canaries in 10 s."""
    load = {"rate_per_s": 6, "baseline_s": 10, "canary_per_s": 12, "mix": _ONLY_T4, **case.load}
    method = [
        action("drive_allocations", **load),
        action("inject", kind="pretend", target="redis", duration=case.hurts_s),
    ]
    return experiment(method, controls=[control(budget_s=case.budget_s, seed=case.seed)])


_ONLY_T4 = {"gpu_types": {"t4": 1}, "counts": {"1": 1}, "priorities": {"normal": 1}}


def signalled(phase: str, number: signal.Signals) -> Callable[[Scene], None]:
    """When it has come to that phase, and tenants hold something where they ask for anything."""

    def send(scene: Scene) -> None:
        if phase == "settling":
            scene.await_event("load.ended")
            wait_until((scene.folder / "stores.json").exists, WITHIN_S, "the stores are read")
        elif phase == "start":
            scene.await_event("load.started")
        else:
            scene.await_event("load.started")
            scene.await_event("run.phase", phase=phase)
            wait_until(scene.stub.held, WITHIN_S, "somebody holds something")
        scene.process.send_signal(number)

    return send


def kill_load(scene: Scene) -> None:
    """By the number that the timeline tells."""
    pid = scene.await_event("load.started")["pid"]
    scene.await_event("fault.in_force")
    os.kill(pid, signal.SIGKILL)


def kill_load_early(scene: Scene) -> None:
    pid = scene.await_event("load.started")["pid"]
    wait_until(scene.stub.held, WITHIN_S, "it has begun")
    os.kill(pid, signal.SIGKILL)


def kill_sampler(scene: Scene) -> None:
    scene.await_event("fault.in_force")
    os.kill(scene.pid_of("probes.sampler"), signal.SIGKILL)
