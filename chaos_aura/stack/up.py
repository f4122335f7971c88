"""Brings a stack up and waits until every service has done a real operation, or leaves nothing behind."""

import os
import random
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from chaos_aura.core.catalogue import Catalogue
from chaos_aura.core.errors import BadInput, MachineLacks, PortTaken, StackDown, SupervisorFailed
from chaos_aura.core.project import Project
from chaos_aura.stack import ports
from chaos_aura.stack.awaiting import await_healthy
from chaos_aura.stack.build import build, make_site, port_names
from chaos_aura.stack.cache import Cache
from chaos_aura.stack.command_lock import changing
from chaos_aura.stack.down import shut_down
from chaos_aura.stack.edges import EDGES
from chaos_aura.stack.fetch import fetch
from chaos_aura.stack.flags import refuse_unusable_flags
from chaos_aura.stack.inventory import inventory_in
from chaos_aura.stack.kept_catalogue import write_catalogue
from chaos_aura.stack.manifest import Manifest
from chaos_aura.stack.ports import Reservation
from chaos_aura.stack.progress import Progress
from chaos_aura.stack.running import RunningStack
from chaos_aura.stack.selection import refuse_missing_packages_of, selected
from chaos_aura.stack.services import WORKERS, Site
from chaos_aura.stack.supervisor.client import SupervisorClient
from chaos_aura.stack.training import train_if_needed
from chaos_aura.stack.undoing import undone_on_failure
from chaos_aura.stack.unheard import unheard
from chaos_aura.stack.workers import count_of, retire_spare, with_workers
from chaos_aura.supervision.state import ChildState

_TRIES = 3
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
    workers: int | None = None  # as many as there are, at first one
    choose_ports: Callable[[int, random.Random], Reservation] = ports.choose


@dataclass(frozen=True, slots=True)
class Arrival:
    """How long each service took that was not healthy at once, what is made in the background, what was ended."""

    was_up: bool
    took_s: Mapping[str, float]
    training: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()  # workers that are no longer wanted
    unheard: tuple[str, ...] = ()  # of the environment, and why


def bring_up(wanted: Wanted, progress: Progress) -> Arrival:
    """Interrupted or failed, it ends what it started itself; what ran before goes on."""
    # Refused before anything is done, not when the platform's settings are written or read.
    inventory_in(wanted.environ)
    refuse_unusable_flags(wanted.environ)
    waited = []

    def say_waiting() -> None:
        waited.append(True)
        progress.begin("stack", "waiting for another command")

    with changing(wanted.project, say_waiting) as lock:
        if waited:
            progress.end("stack", "the other command is done")
        running = _running(wanted.project)
        notes = unheard(wanted.environ, wanted.project, runs=running is not None)
        arrival = _complete(wanted, running, progress) if running else _start(wanted, progress, lock)
        return replace(arrival, unheard=notes)


def _running(project: Project) -> RunningStack | None:
    try:
        SupervisorClient(project.home).pid()
    except StackDown:
        return None
    return RunningStack.of(project)


def _start(wanted: Wanted, progress: Progress, lock: int) -> Arrival:
    workers = wanted.workers or 1
    started = startable(wanted, workers)
    fetch(wanted.manifest.products, wanted.cache, wanted.manifest, progress, wanted.environ)
    tries_left = _TRIES
    while True:
        try:
            return _start_once(wanted, started, workers, progress, lock)
        except PortTaken as taken:
            tries_left -= 1
            if not tries_left:
                raise
            progress.end(taken.where, f"{taken.why}; starting again with other ports")


def _start_once(wanted: Wanted, started: tuple[str, ...], workers: int, progress: Progress, lock: int) -> Arrival:
    names = port_names()
    reservation = wanted.choose_ports(len(names), random.Random())
    try:
        site = make_site(wanted.project, wanted.cache, wanted.manifest, wanted.environ, reservation.ports)
        with _told_of_the_disk(wanted.project):
            built = build(site, started, workers)
            write_catalogue(wanted.project, built.catalogue)
        with undone_on_failure(lambda: shut_down(wanted.project), unless=SupervisorFailed):
            SupervisorClient(wanted.project.home).launch(built.programs, reservation.descriptors, (lock,))
        with undone_on_failure(lambda: shut_down(wanted.project)):
            running = RunningStack(wanted.project, built.catalogue)
            took_s = await_healthy(running, started, wanted.timeout_s, progress, site.ports)
            return Arrival(False, took_s, train_if_needed(site, running))
    finally:
        reservation.release()


def _complete(wanted: Wanted, former: RunningStack, progress: Progress) -> Arrival:
    workers = wanted.workers or max(1, count_of(former.catalogue))
    chosen = startable(wanted, workers)
    running = replace(former, catalogue=with_workers(former.catalogue, wanted.project, workers))
    children = running.supervisor.children()
    started = [name for name in chosen if children[name].state in _TO_BE_STARTED]
    with undone_on_failure(lambda: _undo(former, started)):
        if running != former:
            write_catalogue(wanted.project, running.catalogue)
        for name in started:
            running.supervisor.start(name)
        sick = tuple(row.name for row in running.health() if row.name in chosen and not row.is_healthy)
        took_s = await_healthy(running, sick, wanted.timeout_s, progress, _listening_ports(running.catalogue))
    retired = retire_spare(running, progress)
    site = Site(wanted.project, wanted.cache, wanted.manifest, wanted.environ, {}, EDGES)
    return Arrival(not (started or sick or retired), took_s, train_if_needed(site, running), retired)


def _undo(former: RunningStack, started: Collection[str]) -> None:
    write_catalogue(former.project, former.catalogue)
    for name in started:
        former.supervisor.stop(name)


def startable(wanted: Wanted, workers: int) -> tuple[str, ...]:
    """What this machine runs needs packages here."""
    names = asked_for(wanted, workers)
    refuse_missing_packages_of(names)
    return names


def asked_for(wanted: Wanted, workers: int) -> tuple[str, ...]:
    names = selected(wanted.services, workers)
    if wanted.workers and not any(worker.name in names for worker in WORKERS):
        raise BadInput("--workers", f"none would be started with {' and '.join(wanted.services)}", "name worker too")
    return names


def _listening_ports(catalogue: Catalogue) -> dict[str, int]:
    """As `Site.ports`, but for those that a catalogue does not tell."""
    direct = {service.name: service.address.port for service in catalogue.services}
    return direct | {f"edge.{edge.name}": edge.address.port for edge in catalogue.edges}


@contextmanager
def _told_of_the_disk(project: Project) -> Iterator[None]:
    try:
        yield
    except OSError as cause:
        where = str(cause.filename or project.home)
        why = os.strerror(cause.errno or 0).lower()
        raise MachineLacks(where, why, "make room there, or put it right, then run: chaos-aura up") from cause
