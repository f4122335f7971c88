"""`up --stack docker` that is interrupted leaves nothing, whenever that happens."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from awaiting import wait_until
from contained_stack import UP_WITHIN_S, stack_in
from docker_engine import labelled, remove_labelled
from local_stack import PlacedStack, chaos_aura

from chaos_aura.containers.container import PROJECT
from chaos_aura.containers.engine import Engine
from chaos_aura.core.project import Project
from chaos_aura.core.stack_choice import VARIABLE
from chaos_aura.stack.docker.image import ensure_image
from chaos_aura.stack.progress import Silent

pytestmark = [pytest.mark.alone, pytest.mark.live, pytest.mark.timeout(UP_WITHIN_S + 180)]

_WITHIN_S = 60


@pytest.fixture
def place(engine: Engine, base_image: str, tmp_path: Path) -> PlacedStack:
    """The image is there: what is interrupted is the start."""
    environ = {**os.environ, "BASE_IMAGE": base_image, VARIABLE: "docker"}
    one = PlacedStack(Project(tmp_path), environ)
    ensure_image(engine, environ, stack_in(one).sources, tmp_path / "image.log", Silent())
    return one


def containers(engine: Engine, place: PlacedStack) -> int:
    return len(engine.containers({PROJECT: stack_in(place).name}))


def networks(engine: Engine, place: PlacedStack) -> int:
    return len(engine.api.networks(filters={"label": f"{PROJECT}={stack_in(place).name}"}))


@pytest.mark.parametrize(
    "has_begun",
    [
        lambda engine, place: networks(engine, place) > 0,
        lambda engine, place: containers(engine, place) > 0,
        lambda engine, place: sum(one.is_running for one in stack_in(place).containers(engine)) > 2,
    ],
    ids=["networks", "first container", "some run"],
)
def test_nothing_is_left(engine: Engine, place: PlacedStack, has_begun: Callable[[Engine, PlacedStack], bool]) -> None:
    label = f"{PROJECT}={stack_in(place).name}"
    with subprocess.Popen(
        chaos_aura("up"), cwd=place.project.root, env=place.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as one:
        wait_until(lambda: has_begun(engine, place) or one.poll() is not None, _WITHIN_S, "it has begun")
        one.send_signal(signal.SIGINT)
        said, _ = one.communicate(timeout=UP_WITHIN_S)
    try:
        assert one.returncode not in {0, None}, said
        left = [each for each in labelled(engine, label) if not each.startswith("volume")]
        assert left == [], said
        assert place.command("status").returncode == 1
    finally:
        ended = place.command("down", "--purge")
        remove_labelled(engine, label)
    assert ended.returncode == 0, ended.stderr
