"""A Kafka and a Redis for the projection alone: here its keys may be lost, and nobody else's are."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_stack import placed
from projection_process import ProjectionProcess, projecting

from chaos_aura.core.catalogue import Catalogue
from chaos_aura.stack.running import RunningStack


@pytest.fixture(scope="package")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Shared by the projection's tests: one that hurts it leaves it healthy."""
    with placed(tmp_path_factory.mktemp("projection")) as own:
        own.up("kafka", "redis", "toxiproxy")
        yield own.running()


@pytest.fixture
def catalogue(own_stack: RunningStack) -> Catalogue:
    return own_stack.catalogue


@pytest.fixture
def kafka_address(catalogue: Catalogue) -> str:
    return catalogue.service("kafka").uri


@pytest.fixture
def redis_url(catalogue: Catalogue) -> str:
    return catalogue.service("redis").uri


@pytest.fixture
def projection(tmp_path: Path, kafka_address: str, redis_url: str) -> Iterator[ProjectionProcess]:
    """By the direct addresses, and running."""
    with projecting(tmp_path / "home", kafka_address, redis_url) as one:
        one.wait_until_ready()
        yield one


@pytest.fixture
def tenants() -> list[str]:
    """Nobody else's."""
    run = uuid.uuid4().hex[:8]
    return [f"tenant-{run}-{number}" for number in range(3)]
