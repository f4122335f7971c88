from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from chaos_run import Ran, ended, experiment, started
from fake_home import FakeHome, fake_home, install_fake


@pytest.fixture
def home(tmp_path: Path) -> Iterator[FakeHome]:
    with fake_home(tmp_path / "project", install_fake(tmp_path / "plug-ins")) as made:
        yield made


@pytest.fixture
def ran(home: FakeHome) -> Callable[..., Ran]:
    """`ran(method, probes=..., words=("--dry", "actions"))`"""

    def run(method: list[dict[str, Any]], words: tuple[str, ...] = (), **more: Any) -> Ran:
        return ended(home.root, home.home, started(home.root, home.environ, experiment(method, **more), *words))

    return run
