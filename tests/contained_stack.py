"""The stack in containers, for tests: in a folder of its own, ended with it, and nothing of it left in the engine."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local_stack import PlacedStack

from chaos_aura.containers.container import PROJECT
from chaos_aura.containers.engine import Engine
from chaos_aura.core.project import Project
from chaos_aura.stack.docker.sources import Sources
from chaos_aura.stack.docker.up import Stack

UP_WITHIN_S = 600  # the image is built by the first


def stack_in(place: PlacedStack) -> Stack:
    return Stack(place.project, place.environ, Sources())


def left_in(engine: Engine, project: str) -> list[str]:
    """Containers, networks and volumes of that project of compose."""
    filters = {"label": f"{PROJECT}={project}"}
    with engine.talking():
        containers = [each["Names"][0] for each in engine.api.containers(all=True, filters=filters)]
        networks = [each["Name"] for each in engine.api.networks(filters=filters)]
        volumes = [each["Name"] for each in engine.api.volumes(filters=filters)["Volumes"] or ()]
    return [*containers, *networks, *volumes]


@contextmanager
def contained(engine: Engine, base_image: str, folder: Path) -> Iterator[PlacedStack]:
    """Up, purged afterwards; fails when anything of it is left."""
    environ = {**os.environ, "BASE_IMAGE": base_image, "CHAOS_AURA_STACK": "docker"}
    place = PlacedStack(Project(folder), environ)
    try:
        started = place.command("up", timeout=UP_WITHIN_S)
        assert started.returncode == 0, started.stderr
        yield place
    finally:
        ended = place.command("down", "--purge")
        assert ended.returncode == 0, ended.stderr
        assert left_in(engine, stack_in(place).name) == []
