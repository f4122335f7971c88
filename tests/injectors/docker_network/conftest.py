"""A service in a container, in a network with this machine."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from awaiting import wait_until
from docker_engine import remove_marked
from docker_net_far_engine import far_engine
from docker_net_ground import NetGround
from docker_net_machine import traces

from chaos_aura.containers.container import Container
from chaos_aura.containers.engine import Engine
from chaos_aura.containers.namespace import WIDE_PATH

_HELPERS_END_WITHIN_S = 10  # much less than the time after which they would end by themselves


@pytest.fixture
def net(engine: Engine, base_image: str, docker_mark: str, tmp_path: Path) -> Iterator[NetGround]:
    """What a test leaves in the network of this machine, or of helpers in those of its containers, is told."""
    if os.geteuid() != 0:
        pytest.skip("networks of containers are entered as root only: run it as root")
    before = traces()
    ground = NetGround(engine, base_image, docker_mark, tmp_path, dict(os.environ))
    yield ground
    try:
        assert traces() <= before
        wait_until(lambda: not ground.helpers(), _HELPERS_END_WITHIN_S, "no helper is left")
    finally:
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
