"""Brings the stack up in containers and waits until every service has done a real operation."""

import hashlib
import os
import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from chaos_aura.containers.container import PROJECT, Container
from chaos_aura.containers.engine import Engine
from chaos_aura.core.errors import BadInput
from chaos_aura.core.project import Project
from chaos_aura.stack import clocks, ports
from chaos_aura.stack.awaiting import await_healthy
from chaos_aura.stack.build import port_names
from chaos_aura.stack.command_lock import changing
from chaos_aura.stack.docker.compose import Compose
from chaos_aura.stack.docker.image import IMAGE, ensure_image, image_name
from chaos_aura.stack.docker.labels import MEMBER, catalogue_of, ports_told
from chaos_aura.stack.docker.places import MARK, WRITTEN
from chaos_aura.stack.docker.sources import Sources
from chaos_aura.stack.docker.wiring import SERVICES, is_by_default, variable
from chaos_aura.stack.flags import flag_names_in
from chaos_aura.stack.inventory import VARIABLE as INVENTORY
from chaos_aura.stack.inventory import inventory_in
from chaos_aura.stack.kept_catalogue import write_catalogue
from chaos_aura.stack.progress import Progress
from chaos_aura.stack.running import RunningStack
from chaos_aura.stack.undoing import undone_on_failure
from chaos_aura.stack.up import Arrival, Wanted, asked_for

_USER, _HOME, _PROFILES = "CHAOS_AURA_USER", "CHAOS_AURA_HOME", "COMPOSE_PROFILES"
_NOBODY = 10_001  # as whom containers run where who starts them is root
_STOP_WITHIN_S = 20
_KEEPS = {True: ("--no-recreate",), False: ()}


@dataclass(frozen=True)
class Stack:
    """One project of compose for each project of chaos-aura."""

    project: Project
    environ: Mapping[str, str]
    sources: Sources

    @property
    def name(self) -> str:
        return f"chaos-aura-{hashlib.sha256(str(self.project.root).encode()).hexdigest()[:8]}"

    def containers(self, engine: Engine) -> tuple[Container, ...]:
        found = engine.containers({PROJECT: self.name})
        return tuple(each for each in found if each.labels.get(MEMBER) in SERVICES)

    def compose(self, variables: Mapping[str, str]) -> Compose:
        """Left to itself it would speak to the engine of its own context."""
        told = {**variables, "DOCKER_HOST": Engine(self.environ).address}
        return Compose(self.name, self.sources.compose_file, self.environ, told)


def bring_up(wanted: Wanted, progress: Progress) -> Arrival:
    """Interrupted or failed, it ends what it started itself; what ran before goes on."""
    inventory_in(wanted.environ)
    refuse_flags(wanted.environ)
    engine = Engine(wanted.environ)
    engine.refuse_elsewhere()
    engine.info()  # before anything is written
    stack = Stack(wanted.project, wanted.environ, Sources.installed())
    with changing(wanted.project, lambda: progress.begin("stack", "waiting for another command")):
        former = stack.containers(engine)
        count = wanted.workers or max(1, sum(each.labels[MEMBER].startswith("worker") for each in former))
        chosen = asked_for(wanted, count)
        running = {each.labels[MEMBER] for each in former if each.is_running}
        image = _image(wanted, engine, stack, former, progress)
        told = variables(stack, image, former)
        prepare(wanted.project, running)
        missing = [name for name in chosen if name not in running]
        with undone_on_failure(lambda: _undo(stack, engine, told, running, progress)):
            if missing:
                progress.begin("containers", f"starting {len(missing)}")
                stack.compose(told).run("up", "--detach", "--no-build", *_KEEPS[bool(running)], *missing)
                progress.end("containers", "started")
            retired = _retire(stack, engine, told, count)
            write_catalogue(wanted.project, catalogue_of(stack.containers(engine)))
            arrived = RunningStack.of(wanted.project)
            sick = [row.name for row in arrived.health() if row.name in chosen and not row.is_healthy]
            took_s = await_healthy(arrived, sick, wanted.timeout_s, progress)
        return Arrival(not (missing or sick or retired), took_s, retired=retired)


def _image(wanted: Wanted, engine: Engine, stack: Stack, former: Collection[Container], progress: Progress) -> str:
    """What runs goes on as it is, and what joins it is of the same make."""
    running = next((str(each.document["Config"]["Image"]) for each in former if each.is_running), "")
    if not running:
        return ensure_image(engine, wanted.environ, stack.sources, wanted.project.home / "image.log", progress)
    newest = image_name(wanted.environ, stack.sources)
    if newest != running:
        progress.begin("image", "looking")
        progress.end("image", f"{running} goes on; to have {newest}: chaos-aura down, then up")
    return running


def variables(stack: Stack, image: str, former: Collection[Container]) -> dict[str, str]:
    """What the compose file asks for. Ports stay as long as there are containers that have them."""
    chosen = ports_told(former) or _fresh_ports()
    uid = os.geteuid() or _NOBODY
    told = {variable(name): str(port) for name, port in chosen.items()}
    told |= {IMAGE: image, _USER: f"{uid}:{uid}", _HOME: str(stack.project.home)}
    told[_PROFILES] = ",".join(name for name in SERVICES if not is_by_default(name))  # else some would not be ended
    if said := stack.environ.get(INVENTORY):
        told[INVENTORY] = said
    return told


def prepare(project: Project, running: Collection[str]) -> None:
    """What the containers share with this machine: clocks that are right, and folders to write into.

    The clock of one that runs may be wrong on purpose.
    """
    project.make()
    (project.home / MARK).touch()
    for name in SERVICES:
        clock = project.config(name) / clocks.FILE
        clock.parent.mkdir(parents=True, exist_ok=True)
        if name not in running:
            fresh = clock.with_name(f".{clock.name}.{os.getpid()}")
            fresh.write_text(clocks.RIGHT, encoding="ascii")
            fresh.replace(clock)
    for folder in (project.home / name for name in WRITTEN):
        folder.mkdir(exist_ok=True)
        for path in (folder, *folder.iterdir()) if os.geteuid() == 0 else ():
            os.chown(path, _NOBODY, -1, follow_symlinks=False)  # what lies there a container has written
    _readable(project.home / "config")


def _readable(folder: Path) -> None:
    """Whoever a container runs as reads it; around it, the stack's folder is closed to others."""
    folder.chmod(0o755)
    for each in folder.iterdir():
        if each.is_dir():
            each.chmod(0o755)


def _fresh_ports() -> dict[str, int]:
    names = port_names()
    reservation = ports.choose(len(names), random.Random())
    try:
        return dict(zip(names, reservation.ports, strict=True))
    finally:
        reservation.release()


def _retire(stack: Stack, engine: Engine, told: Mapping[str, str], count: int) -> tuple[str, ...]:
    """Workers beyond those that are wanted finish what they are doing, and go."""
    spare = [name for name in SERVICES if name.startswith("worker-") and int(name.rpartition("-")[2]) > count]
    there = tuple(each.labels[MEMBER] for each in stack.containers(engine) if each.labels[MEMBER] in spare)
    if there:
        stack.compose(told).run("rm", "--stop", "--force", *there)
    return there


def _undo(stack: Stack, engine: Engine, told: Mapping[str, str], ran: Collection[str], progress: Progress) -> None:
    """What ran before goes on; where nothing did, nothing is left."""
    progress.begin("containers", "ending those that were started")
    if not ran:
        stack.compose(told).run("down", "--timeout", str(_STOP_WITHIN_S))
        stack.project.catalogue.unlink(missing_ok=True)
        return
    began = [each.labels[MEMBER] for each in stack.containers(engine) if each.labels[MEMBER] not in ran]
    if began:
        stack.compose(told).run("stop", "--timeout", str(_STOP_WITHIN_S), *began)


def refuse_flags(environ: Mapping[str, str]) -> None:
    """A container is not started with the environment of who starts the stack."""
    if names := flag_names_in(environ):
        raise BadInput(names[0], "is not told to containers", "use the action set_flag, or unset it")
