from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from little_stack import Little, Told, little_stack
from maven_server import MavenServer, running_maven_server


@pytest.fixture
def maven() -> Iterator[MavenServer]:
    with running_maven_server() as server:
        yield server


@pytest.fixture
def little(maven: MavenServer, tmp_path: Path) -> Little:
    return little_stack(maven, tmp_path)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def snapshot() -> Callable[[Path], dict[str, tuple[int, int]]]:
    """Every file and folder below with its size and modification time."""

    def taken(root: Path) -> dict[str, tuple[int, int]]:
        return {
            str(path.relative_to(root)): (path.stat().st_size, path.stat().st_mtime_ns)
            for path in (root, *root.rglob("*"))
        }

    return taken
