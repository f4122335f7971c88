"""Bars for a person at a terminal: what is ended stands still."""

import io

import pytest
from rich.console import Console
from rich.progress import Progress as Bars

from chaos_aura.cli.display import LiveBars


@pytest.fixture
def bars() -> Bars:
    return Bars(console=Console(file=io.StringIO(), force_terminal=True))


def test_an_item_that_is_ended_stops(bars: Bars) -> None:
    live = LiveBars(bars)
    live.begin("stack", "waiting")
    assert [task.finished for task in bars.tasks] == [False]
    live.end("stack", "done")
    assert [task.finished for task in bars.tasks] == [True]
    assert bars.tasks[0].stop_time is not None


def test_an_item_may_begin_anew_as_something_else(bars: Bars) -> None:
    live = LiveBars(bars)
    live.begin("neo4j", "fetching", 1_000_000)
    live.advance("neo4j", 500_000)
    live.begin("neo4j", "starting")
    assert [(task.total, task.completed, task.finished) for task in bars.tasks] == [(1, 0, False)]
    live.end("neo4j", "healthy")
    assert [(task.finished, task.fields["doing"]) for task in bars.tasks] == [(True, "healthy")]
