"""One observed process: this one, for as long as a test lasts."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from observed import observed_home

from chaos_aura.platform import observe
from chaos_aura.platform.settings import Settings


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return observed_home(tmp_path)


@pytest.fixture
def observer(home: Path) -> Iterator[observe.Observer]:
    """May be closed by the test."""
    observer = observe.start(Settings("worker", home, "127.0.0.1:1"))
    yield observer
    observer.close()


@pytest.fixture
def start(home: Path) -> Iterator[Callable[..., observe.Observer]]:
    """With settings of the test's own."""
    started: list[observe.Observer] = []

    def make(**settings: str) -> observe.Observer:
        started.append(observe.start(Settings("worker", home, "127.0.0.1:1", **settings)))
        return started[-1]

    yield make
    for observer in started:
        observer.close()
