"""Brings a stack up and waits until every service has done a real operation, or leaves nothing behind."""

import random
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from chaos_aura.core.catalogue import Catalogue
from chaos_aura.core.errors import PortTaken, StackDown
from chaos_aura.stack import ports
from chaos_aura.stack.awaiting import await_healthy
from chaos_aura.stack.build import build, make_site, port_names
from chaos_aura.stack.cache import Cache
from chaos_aura.stack.command_lock import changing
from chaos_aura.stack.down import shut_down
from chaos_aura.stack.fetch import fetch
from chaos_aura.stack.manifest import Manifest
from chaos_aura.stack.ports import Reservation
from chaos_aura.stack.progress import Progress
from chaos_aura.stack.project import Project
from chaos_aura.stack.running import RunningStack
from chaos_aura.stack.supervisor.client import SupervisorClient
from chaos_aura.stack.supervisor.state import ChildState
from chaos_aura.stack.training import train_if_needed

_TRIES = 3
DEFAULT_TIMEOUT_S = 90.0


@dataclass(frozen=True)
class Wanted:
    """Which stack, made of what, and what of it should run."""

    project: Project
    cache: Cache
    manifest: Manifest
    environ: Mapping[str, str]
    services: tuple[str, ...]
    timeout_s: float = DEFAULT_TIMEOUT_S
    choose_ports: Callable[[int, random.Random], Reservation] = ports.choose


@dataclass(frozen=True, slots=True)
class Arrival:
    """How long each service took that was not healthy at once, and what is made in the background."""

    was_up: bool
    took_s: Mapping[str, float]
    training: tuple[str, ...] = ()


def bring_up(wanted: Wanted, progress: Progress) -> Arrival:
    """Interrupted or failed, it ends what it started itself; a stack that ran before goes on."""
    with changing(wanted.project, on_wait=lambda: progress.begin("stack", "waiting for another command")) as lock:
        running = _running(wanted.project)
        return _complete(wanted, running, progress) if running else _start(wanted, progress, lock)


def _running(project: Project) -> RunningStack | None:
    try:
        return RunningStack.of(project)
    except StackDown:
        return None


def _start(wanted: Wanted, progress: Progress, lock: int) -> Arrival:
    fetch(wanted.manifest.products, wanted.cache, wanted.manifest, progress, wanted.environ)
    tries_left = _TRIES
    while True:
        try:
            return _start_once(wanted, progress, lock)
        except PortTaken as taken:
            tries_left -= 1
            if not tries_left:
                raise
            progress.end(taken.where, f"{taken.why}; starting again with other ports")


def _start_once(wanted: Wanted, progress: Progress, lock: int) -> Arrival:
    names = port_names()
    reservation = wanted.choose_ports(len(names), random.Random())
    try:
        site = make_site(wanted.project, wanted.cache, wanted.manifest, wanted.environ, reservation.ports)
        built = build(site, wanted.services)
        with _undone_on_failure(wanted.project):
            write_catalogue(wanted.project, built.catalogue)
            SupervisorClient(wanted.project.home).launch(built.programs, reservation.descriptors, (lock,))
            running = RunningStack(wanted.project, built.catalogue)
            took_s = await_healthy(running, wanted.services, wanted.timeout_s, progress, site.ports)
            return Arrival(False, took_s, train_if_needed(site, running))
    finally:
        reservation.release()


def _complete(wanted: Wanted, running: RunningStack, progress: Progress) -> Arrival:
    children = running.supervisor.children()
    for name in wanted.services:
        if children[name].state in (ChildState.STOPPED, ChildState.STOPPING, ChildState.ENDED):
            running.supervisor.start(name)
    checked = {health.name: health for health in running.health() if health.name in wanted.services}
    if all(health.is_healthy for health in checked.values()):
        return Arrival(True, {})
    late = tuple(name for name, health in checked.items() if not health.is_healthy)
    return Arrival(False, await_healthy(running, late, wanted.timeout_s, progress))


def write_catalogue(project: Project, catalogue: Catalogue) -> None:
    """Whole or not at all: others read it at any time."""
    partial = project.catalogue.with_suffix(".part")
    partial.write_text(catalogue.to_json(), encoding="utf-8")
    partial.replace(project.catalogue)


@contextmanager
def _undone_on_failure(project: Project) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with _no_interruption():
            shut_down(project)
        raise


@contextmanager
def _no_interruption() -> Iterator[None]:
    """A second Ctrl-C must not leave half a stack; the shutdown it would interrupt is bounded."""
    former = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
