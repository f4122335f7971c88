"""Brings a stack up and waits until every service has done a real operation, or leaves nothing behind."""

import os
import random
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from chaos_aura.core.catalogue import Catalogue
from chaos_aura.core.errors import MachineLacks, PortTaken, StackDown, SupervisorFailed
from chaos_aura.stack import ports
from chaos_aura.stack.awaiting import await_healthy
from chaos_aura.stack.build import build, make_site, port_names
from chaos_aura.stack.cache import Cache
from chaos_aura.stack.command_lock import changing
from chaos_aura.stack.down import shut_down
from chaos_aura.stack.edges import EDGES
from chaos_aura.stack.fetch import fetch
from chaos_aura.stack.manifest import Manifest
from chaos_aura.stack.ports import Reservation
from chaos_aura.stack.progress import Progress
from chaos_aura.stack.project import Project
from chaos_aura.stack.running import RunningStack
from chaos_aura.stack.services import Site
from chaos_aura.stack.supervisor.client import SupervisorClient
from chaos_aura.stack.supervisor.state import ChildState
from chaos_aura.stack.training import train_if_needed

_TRIES = 3
_INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_TO_BE_STARTED = (ChildState.STOPPED, ChildState.STOPPING, ChildState.ENDED)
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

    @property
    def started(self) -> tuple[str, ...]:
        """With Toxiproxy, or every edge into the others would be dead."""
        return tuple(dict.fromkeys((*self.services, "toxiproxy")))


@dataclass(frozen=True, slots=True)
class Arrival:
    """How long each service took that was not healthy at once, and what is made in the background."""

    was_up: bool
    took_s: Mapping[str, float]
    training: tuple[str, ...] = ()


def bring_up(wanted: Wanted, progress: Progress) -> Arrival:
    """Interrupted or failed, it ends what it started itself; what ran before goes on."""
    waited = []

    def say_waiting() -> None:
        waited.append(True)
        progress.begin("stack", "waiting for another command")

    with changing(wanted.project, say_waiting) as lock:
        if waited:
            progress.end("stack", "the other command is done")
        running = _running(wanted.project)
        return _complete(wanted, running, progress) if running else _start(wanted, progress, lock)


def _running(project: Project) -> RunningStack | None:
    try:
        SupervisorClient(project.home).pid()
    except StackDown:
        return None
    return RunningStack.of(project)


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
        with _told_of_the_disk(wanted.project):
            built = build(site, wanted.started)
            write_catalogue(wanted.project, built.catalogue)
        with _undone_on_failure(lambda: shut_down(wanted.project), unless=SupervisorFailed):
            SupervisorClient(wanted.project.home).launch(built.programs, reservation.descriptors, (lock,))
        with _undone_on_failure(lambda: shut_down(wanted.project)):
            running = RunningStack(wanted.project, built.catalogue)
            took_s = await_healthy(running, wanted.started, wanted.timeout_s, progress, site.ports)
            return Arrival(False, took_s, train_if_needed(site, running))
    finally:
        reservation.release()


def _complete(wanted: Wanted, running: RunningStack, progress: Progress) -> Arrival:
    children = running.supervisor.children()
    started = [name for name in wanted.started if children[name].state in _TO_BE_STARTED]
    with _undone_on_failure(lambda: _stop(running, started)):
        for name in started:
            running.supervisor.start(name)
        sick = tuple(row.name for row in running.health() if row.name in wanted.started and not row.is_healthy)
        took_s = await_healthy(running, sick, wanted.timeout_s, progress, _listening_ports(running.catalogue))
    site = Site(wanted.project, wanted.cache, wanted.manifest, wanted.environ, {}, EDGES)
    return Arrival(not (started or sick), took_s, train_if_needed(site, running))


def _stop(running: RunningStack, names: list[str]) -> None:
    for name in names:
        running.supervisor.stop(name)


def _listening_ports(catalogue: Catalogue) -> dict[str, int]:
    """As `Site.ports`, but for those that a catalogue does not tell."""
    direct = {service.name: service.address.port for service in catalogue.services}
    return direct | {f"edge.{edge.name}": edge.address.port for edge in catalogue.edges}


def write_catalogue(project: Project, catalogue: Catalogue) -> None:
    """Whole or not at all: others read it at any time."""
    partial = project.catalogue.with_suffix(".part")
    partial.write_text(catalogue.to_json(), encoding="utf-8")
    partial.replace(project.catalogue)


@contextmanager
def _told_of_the_disk(project: Project) -> Iterator[None]:
    try:
        yield
    except OSError as cause:
        where = str(cause.filename or project.home)
        why = os.strerror(cause.errno or 0).lower()
        raise MachineLacks(where, why, "make room there, or put it right, then run: chaos-aura up") from cause


@contextmanager
def _undone_on_failure(undo: Callable[[], object], unless: type[BaseException] | None = None) -> Iterator[None]:
    """What failed with `unless` has done nothing that could be undone."""
    try:
        yield
    except BaseException as cause:
        if unless is None or not isinstance(cause, unless):
            with _no_interruption():
                undo()
        raise


@contextmanager
def _no_interruption() -> Iterator[None]:
    """A second Ctrl-C must not leave half a stack; the shutdown it would interrupt is bounded."""
    former = {number: signal.signal(number, signal.SIG_IGN) for number in _INTERRUPTIONS}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
