"""A service in a container, in a network with this machine."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from docker_engine import remove_marked
from docker_net_far_engine import far_engine
from docker_net_ground import NetGround

from chaos_aura.containers.container import Container
from chaos_aura.containers.engine import Engine
from chaos_aura.containers.namespace import WIDE_PATH


@pytest.fixture
def net(engine: Engine, base_image: str, docker_mark: str, tmp_path: Path) -> Iterator[NetGround]:
    if os.geteuid() != 0:
        pytest.skip("networks of containers are entered as root only: run it as root")
    yield NetGround(engine, base_image, docker_mark, tmp_path, dict(os.environ))
    remove_marked(engine, docker_mark)


@pytest.fixture
def far(net: NetGround) -> Iterator[NetGround]:
    """Its engine cannot be known to be of this machine."""
    with far_engine(net.engine.address.removeprefix("unix://")) as host:
        yield replace(net, environ={**net.environ, "DOCKER_HOST": host})


@pytest.fixture
def legacy(tmp_path: Path) -> Path:
    """A folder in which iptables is the one that keeps its rules in the other place than this machine's."""
    folder = tmp_path / "legacy"
    folder.mkdir()
    for word in ("save", "restore"):
        program = shutil.which(f"iptables-legacy-{word}", path=WIDE_PATH)
        if program is None:
            pytest.skip(f"this machine has no iptables-legacy-{word}: install iptables")
        (folder / f"iptables-{word}").symlink_to(program)
    return folder


@pytest.fixture
def front(net: NetGround) -> str:
    return net.network("front")


@pytest.fixture
def web(net: NetGround, front: str) -> Container:
    return net.start("web", front)
