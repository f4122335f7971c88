"""Who builds a newer image is told which older ones take room for nobody."""

import io
from collections.abc import Iterator

import pytest
from docker_engine import remove_marked

from chaos_aura.containers.engine import Engine
from chaos_aura.stack.docker.image import former_images

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]


@pytest.fixture
def older(engine: Engine, base_image: str, docker_mark: str) -> Iterator[str]:
    name = f"chaos-aura:{docker_mark.rpartition('.')[2]}"
    dockerfile = f"FROM {base_image}\nLABEL chaos-aura.image=whole chaos-aura.test={docker_mark}\n"
    for line in engine.api.build(fileobj=io.BytesIO(dockerfile.encode()), tag=name, rm=True, forcerm=True, decode=True):
        assert "error" not in line, line
    yield name
    remove_marked(engine, docker_mark)


def test_one_that_nobody_uses_is_told(engine: Engine, older: str) -> None:
    assert older in former_images(engine, "chaos-aura:newest")


def test_the_newest_is_not(engine: Engine, older: str) -> None:
    assert older not in former_images(engine, older)


def test_one_of_which_there_is_a_container_is_not(engine: Engine, older: str, docker_mark: str) -> None:
    engine.api.create_container(older, ["true"], labels={"chaos-aura.test": docker_mark})
    assert older not in former_images(engine, "chaos-aura:newest")
