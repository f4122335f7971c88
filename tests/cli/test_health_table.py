"""The table of a stack's health: whole in a pipe, readable at a narrow terminal."""

import io
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from chaos_aura.cli.health_table import document_of_failure, health_document, print_rows
from chaos_aura.core.catalogue import Catalogue
from chaos_aura.core.errors import StackDown
from chaos_aura.core.project import Project
from chaos_aura.stack.health import Health, HealthState
from chaos_aura.stack.running import RunningStack
from chaos_aura.stack.supervisor.client import SupervisorClient
from chaos_aura.stack.supervisor.program import Programs

_NEO4J = Health(
    name="neo4j",
    state=HealthState.UNHEALTHY,
    address="bolt://127.0.0.1:25063",
    version="2026.08.1",
    pid=4_123_456,
    uptime_s=3.2,
    restarts=7,
    latency_s=0.0031,
    detail="RETURN 1 answered",
    remedy="",
)
_ROWS = (_NEO4J, replace(_NEO4J, name="toxiproxy", pid=None))
_ALL = ["service", "state", "address", "version", "pid", "operation", "uptime", "restarts"]


def _printed(width: int, *, is_terminal: bool = True) -> list[str]:
    file = io.StringIO()
    print_rows(Console(file=file, width=width, force_terminal=is_terminal, color_system=None, soft_wrap=True), _ROWS)
    return file.getvalue().splitlines()


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (200, _ALL),
        (105, [name for name in _ALL if name != "restarts"]),
        (92, [name for name in _ALL if name not in {"restarts", "version"}]),
        (80, ["service", "state", "address", "pid", "uptime"]),
    ],
)
def test_a_narrow_terminal_gets_fewer_columns(width: int, columns: list[str]) -> None:
    head, *rows = _printed(width)
    assert head.split() == columns
    assert all(len(line) <= width for line in (head, *rows))
    for row, health in zip(rows, _ROWS, strict=True):
        assert row.split()[:3] == [health.name, health.state, health.address]


@pytest.mark.parametrize("is_terminal", [True, False])
def test_nothing_is_cut_however_narrow_it_is(is_terminal: bool) -> None:
    head, *rows = _printed(20, is_terminal=is_terminal)
    assert all(_NEO4J.address in row and "unhealthy" in row and "…" not in row for row in rows)
    assert is_terminal or head.split() == _ALL


def test_what_does_not_run_has_no_uptime() -> None:
    _, runs, does_not = _printed(200)
    assert ("3.2 s" in runs, "3.2 s" in does_not) == (True, False)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[RunningStack]:
    """A supervisor with nothing to do."""
    project = Project(tmp_path)
    project.make()
    client = SupervisorClient(project.home)
    client.launch(Programs(()))
    yield RunningStack(project, Catalogue("local", (), ()))
    client.shut_down(30)


def test_every_document_has_the_same_fields(empty: RunningStack) -> None:
    running = health_document(empty, ())
    failed = document_of_failure(empty.project, StackDown("stack", "is not running"))
    assert list(running) == list(failed)
    assert running["supervisor"].keys() == failed["supervisor"].keys()
    assert running["error"] is None
    assert os.path.samefile(running["folder"], failed["folder"])  # noqa: PTH121 - both are texts
