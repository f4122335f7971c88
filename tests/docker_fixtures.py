"""Fixtures of tests that speak to the Docker engine. A machine without one skips them, and says what would help."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from compose import Compose, compose_of
from docker_engine import base_image_of, marked, new_mark, reached, remove_abandoned, remove_marked
from foreign_project import ForeignProject, foreign_image, foreign_project

from chaos_aura.containers.engine import Engine
from chaos_aura.core.errors import MachineLacks

NO_ENGINE = "CHAOS_AURA_NO_ENGINE"
"""Why this machine can run none: then a skipped test is no failure, even where nothing else may be skipped."""


def needs_docker(item: pytest.Item) -> bool:
    """Whether one of these fixtures is meant, not a namesake of a test's own."""
    told = getattr(item, "_fixtureinfo", None)  # which is how pytest itself knows
    used = told.name2fixturedefs.values() if told else ()
    return any(each[-1].func.__module__ == __name__ for each in used)


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """Reachable, and of this machine."""
    if why := os.environ.get(NO_ENGINE):
        pytest.skip(f"no Docker engine: {why}")
    with ExitStack() as entered:
        try:
            one = entered.enter_context(reached(dict(os.environ)))
        except MachineLacks as cause:
            pytest.skip(str(cause))
        remove_abandoned(one)
        yield one


@pytest.fixture(scope="session")
def base_image(engine: Engine) -> str:
    """Debian with Python, gcc, iptables and iproute2. Made by the first test that wants it (a minute), and kept."""
    try:
        return base_image_of(dict(os.environ))
    except MachineLacks as cause:
        pytest.skip(str(cause))


@pytest.fixture(scope="session")
def compose(engine: Engine) -> Compose:
    try:
        return compose_of(os.environ)
    except MachineLacks as cause:
        pytest.skip(str(cause))


@pytest.fixture
def docker_mark(engine: Engine) -> Iterator[str]:
    """The value of label `chaos-aura.test` for what a test makes itself. What is left of it is removed, and told."""
    one = new_mark()
    yield one
    left = marked(engine, one)
    remove_marked(engine, one)
    assert left == []


@pytest.fixture(scope="session")
def foreign_base(engine: Engine, base_image: str) -> Iterator[str]:
    """The image of foreign projects: redis-server, redis-cli, /srv/web.py, and what is in the base image."""
    with foreign_image(engine, base_image, new_mark()) as tag:
        yield tag


@pytest.fixture
def foreign(
    engine: Engine, compose: Compose, foreign_base: str, tmp_path: Path
) -> Iterator[Callable[..., ForeignProject]]:
    """`foreign(webs=2, volume_mb=16)`: compose projects of somebody else, each of its own, gone after the test."""
    with ExitStack() as entered:

        def make(**wanted: object) -> ForeignProject:
            mark = new_mark()
            folder = tmp_path / f"foreign-{mark.rpartition('.')[2]}"
            folder.mkdir()
            return entered.enter_context(foreign_project(engine, compose, foreign_base, folder, mark, **wanted))

        yield make
