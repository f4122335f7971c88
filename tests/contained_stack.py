"""The stack in containers, for tests: in a folder of its own, ended with it, and nothing of it left in the engine."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from docker_engine import labelled, remove_labelled
from local_stack import PlacedStack

from chaos_aura.containers.container import PROJECT
from chaos_aura.containers.engine import Engine
from chaos_aura.core.project import Project
from chaos_aura.stack.docker.sources import Sources
from chaos_aura.stack.docker.up import Stack

UP_WITHIN_S = 600  # the image is built by the first


def stack_in(place: PlacedStack) -> Stack:
    return Stack(place.project, place.environ, Sources.installed())


@contextmanager
def contained(engine: Engine, base_image: str, folder: Path, *services: str) -> Iterator[PlacedStack]:
    """Up, all of it where none is named; purged afterwards; fails when anything of it is left."""
    environ = {**os.environ, "BASE_IMAGE": base_image, "CHAOS_AURA_STACK": "docker"}
    place = PlacedStack(Project(folder), environ)
    try:
        started = place.command("up", *services, timeout=UP_WITHIN_S)
        assert started.returncode == 0, started.stderr
        yield place
    finally:
        ended = place.command("down", "--purge")
        label = f"{PROJECT}={stack_in(place).name}"
        left = labelled(engine, label)
        remove_labelled(engine, label)  # it would be started again for ever
        assert (ended.returncode, left) == (0, []), ended.stderr
