"""Real servers for the pings, each in a temporary folder, on a port of its own, gone when the tests are."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from real_servers import await_pong, chosen_address, redis_command, running, temporal_command, toxiproxy_command

from chaos_aura.core.address import Address
from chaos_aura.pings import Pong, redis, temporal, toxiproxy


@pytest.fixture
def free_address() -> Iterator[Address]:
    with chosen_address() as address:
        yield address


@pytest.fixture(scope="package")
def redis_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    with served(redis_command, redis.ping, tmp_path_factory.mktemp("redis")) as address:
        yield address


@pytest.fixture(scope="package")
def temporal_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    with served(temporal_command, temporal.ping, tmp_path_factory.mktemp("temporal")) as address:
        yield address


@pytest.fixture(scope="package")
def toxiproxy_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    with served(toxiproxy_command, toxiproxy.ping, tmp_path_factory.mktemp("toxiproxy")) as address:
        yield address


@contextmanager
def served(
    command: Callable[[Address], list[str]], ping: Callable[[Address, float], Pong], folder: Path
) -> Iterator[Address]:
    with chosen_address() as address, running(command(address), folder):
        await_pong(ping, address)
        yield address
