"""One running stack for all tests that only look at it or hurt it for a moment, and fresh ones for the others."""

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from awaiting import wait_until
from docker_fixtures import (  # noqa: F401 - for every test
    NO_ENGINE,
    base_image,
    compose,
    docker_mark,
    engine,
    foreign,
    foreign_base,
    needs_docker,
)
from hurting import is_well, unwell
from hypothesis import settings
from local_stack import PlacedStack, placed
from parts import PARTS, part_of

from chaos_aura.faults import not_tried
from chaos_aura.stack.cache import Cache
from chaos_aura.stack.fetch import fetch
from chaos_aura.stack.manifest import Manifest
from chaos_aura.stack.progress import Silent
from chaos_aura.stack.running import RunningStack

# How long an example takes says how busy the machine is.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

_NO_SKIPS = "CHAOS_AURA_NO_SKIPS"
_HEALTHY_WITHIN_S = 60  # a JVM that was killed, on a busy machine
_RUNS_SERVERS = {"stack", "place", "whole_cache"}


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Shared: a test that hurts it leaves it healthy."""
    with placed(tmp_path_factory.mktemp("shared")) as shared:
        shared.up()
        yield shared.running()


@pytest.fixture(autouse=True)
def left_healthy(request: pytest.FixtureRequest) -> Iterator[None]:
    """The next test must not pay for this one."""
    shared: RunningStack | None = request.getfixturevalue("stack") if "stack" in request.fixturenames else None
    yield
    if shared and (left := unwell(shared)):
        wait_until(lambda: is_well(shared), _HEALTHY_WITHIN_S, f"all is healthy again, but the test left {left}")


@pytest.fixture(scope="session")
def whole_cache() -> Cache:
    """The user's own, completed first. Nobody may change it."""
    cache = Cache.of_user(os.environ)
    fetch(Manifest.bundled().products, cache, Manifest.bundled(), Silent())
    return cache


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Callable[..., PlacedStack]]:
    """Places for stacks of one test's own, all down and gone after it."""
    with ExitStack() as entered:

        def make(name: str = "project") -> PlacedStack:
            folder = tmp_path / name
            folder.mkdir()
            return entered.enter_context(placed(folder))

        yield make


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--part",
        choices=PARTS,
        help="only tests that may run beside others, that need the machine for themselves, or that need an engine",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Also where pytest-xdist tells of tests that other processes run."""
    if not config.pluginmanager.is_registered(not_tried):
        config.pluginmanager.register(not_tried)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Files that use the shared stack come last: running for nobody, it would take the processor from the others."""
    if part := config.getoption("--part"):
        others = [item for item in items if part_of(item) != part]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in set(others)]
    needing = {item.path for item in items if "stack" in getattr(item, "fixturenames", ())}
    items.sort(key=lambda item: item.path in needing)
    for item in items:
        if _RUNS_SERVERS & set(getattr(item, "fixturenames", ())):
            item.add_marker("live")
        if needs_docker(item):
            item.add_marker("docker")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """On a build machine that can do all of it, a test that did not run is a failure."""
    report = yield
    without_engine = item.get_closest_marker("docker") and os.environ.get(NO_ENGINE)
    if report.skipped and os.environ.get(_NO_SKIPS) == "yes" and not without_engine:
        report.outcome = "failed"
        report.longrepr = f"skipped, although {_NO_SKIPS} is set: {report.longrepr}"
    return report
