"""The compose file, as somebody uses it who has nothing but Docker: in a folder where no stack was ever started."""

import random
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import redis
from awaiting import wait_until
from contained_stack import UP_WITHIN_S
from docker_engine import labelled, remove_labelled

from chaos_aura.containers.container import PROJECT
from chaos_aura.containers.engine import Engine
from chaos_aura.stack import ports
from chaos_aura.stack.build import port_names
from chaos_aura.stack.docker.compose import Compose
from chaos_aura.stack.docker.image import IMAGE, ensure_image
from chaos_aura.stack.docker.sources import Sources
from chaos_aura.stack.docker.wiring import variable
from chaos_aura.stack.progress import Silent

pytestmark = [pytest.mark.alone, pytest.mark.live, pytest.mark.timeout(UP_WITHIN_S + 180)]

_WITHIN_S = 120


@pytest.fixture
def told(engine: Engine, base_image: str, tmp_path: Path) -> Mapping[str, str]:
    """Ports that are free, where its own are another's; all else is as the file has it."""
    environ = {**engine.environ, "BASE_IMAGE": base_image}
    reservation = ports.choose(len(port_names()), random.Random())
    chosen = {variable(name): str(port) for name, port in zip(port_names(), reservation.ports, strict=True)}
    reservation.release()
    image = ensure_image(engine, environ, Sources.installed(), tmp_path / "image.log", Silent())
    return {**chosen, IMAGE: image, "CHAOS_AURA_HOME": str(tmp_path / ".chaos-aura")}


@pytest.fixture
def by_itself(engine: Engine, told: Mapping[str, str], tmp_path: Path) -> Iterator[Compose]:
    one = Compose(f"by-itself-{tmp_path.parent.name}", Sources.installed().compose_file, engine.environ, told)
    label = f"{PROJECT}={one.project}"
    try:
        yield one
        one.run("down", "--volumes", "--timeout", "10")
        assert labelled(engine, label) == []
    finally:
        remove_labelled(engine, label)


def test_folders_that_the_engine_has_made_keep_nobody_from_starting(
    engine: Engine, by_itself: Compose, told: Mapping[str, str]
) -> None:
    """They are root's, and no container is."""
    by_itself.run("up", "--detach", "--no-build", "redis", "kafka", "toxiproxy", "projection")
    label = {PROJECT: by_itself.project}
    wait_until(lambda: all(each.health == "healthy" for each in engine.containers(label)), _WITHIN_S, "each is healthy")
    with redis.Redis(port=int(told[variable("redis")])) as client:
        assert client.ping()
    assert {each.labels["com.docker.compose.service"] for each in engine.containers(label)} >= {"redis", "projection"}
    assert [each.restarts for each in engine.containers(label) if each.restarts] == []
