"""Containers of a test's own."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from docker_engine import labels_of, remove_marked

from chaos_aura.containers.container import Container
from chaos_aura.containers.engine import Engine

SLEEPS = "sleep 1000"


@pytest.fixture
def contain(engine: Engine, base_image: str, docker_mark: str) -> Iterator[Callable[..., Container]]:
    """`contain("sleep 3", restart="always", name="x", labels={...})`: made, started, described, and gone afterwards."""

    def make(
        command: Any = SLEEPS, *, labels: dict[str, str] | None = None, name: str = "", start: bool = True, **host: Any
    ) -> Container:
        policy = host.pop("restart", "")
        config = engine.api.create_host_config(restart_policy={"Name": policy} if policy else None, **host)
        made = engine.api.create_container(
            base_image,
            command,
            name=name or None,
            labels={**labels_of(docker_mark), **(labels or {})},
            host_config=config,
            stop_signal="SIGKILL",
        )
        if start:
            engine.api.start(made["Id"])
        return engine.inspect(made["Id"])

    yield make
    remove_marked(engine, docker_mark)
