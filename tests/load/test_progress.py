"""What a load tells of itself while it runs."""

import re
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from loads import planned

from chaos_aura.core.operation import Outcome
from chaos_aura.load.progress import Progress
from chaos_aura.load.share import Share
from chaos_aura.load.state import Doing, LoadState
from chaos_aura.record.history import History

S = 1_000_000_000


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with closing(History(tmp_path / "history-load.jsonl", "load")) as history:
        yield history


def begun_before(history: History, seconds: float, share: Share | None = None) -> Progress:
    began_ns = time.monotonic_ns() - int(seconds * S)
    share = replace(share or Share.alone(0), began_ns=began_ns)
    return Progress(planned("http://127.0.0.1:1", per_s=10), history.path.with_name("s"), history, share, 1.0)


def test_what_is_due_follows_the_clock_until_it_is_stopped(history: History) -> None:
    progress = begun_before(history, 3)
    assert 30 <= progress.tell(Doing.RUNNING).due <= 600
    progress.stopped(31)
    assert progress.tell(Doing.DRAINING).due == 31
    assert begun_before(history, 1000).tell(Doing.RUNNING).due == 600
    assert begun_before(history, -1000).tell(Doing.RUNNING).due == 0


def test_each_arrival_is_in_one_place(history: History) -> None:
    progress = begun_before(history, 3)
    tally = progress.tally
    tally.begun = 5
    tally.decided(Outcome.OK, None)
    tally.decided(Outcome.FAIL, None)
    tally.decided(Outcome.INFO, None)
    state = progress.tell(Doing.RUNNING)
    assert (state.under_way, state.ok, state.fail, state.info) == (2, 1, 1, 1)
    tally.decided(Outcome.OK, Outcome.INFO)
    state = progress.tell(Doing.RUNNING)
    assert (state.under_way, state.ok, state.fail, state.info) == (2, 2, 1, 0)
    assert LoadState.read(history.path.with_name("s")) == state


def test_one_that_cannot_keep_up_says_so(history: History) -> None:
    progress = begun_before(history, 3)
    progress.began(time.monotonic_ns() + 60 * S)  # in time, however long this takes
    assert progress.tell(Doing.RUNNING).why == ""
    progress.began(time.monotonic_ns() - 3 * S)
    late = re.fullmatch(r"it cannot keep up: arrivals begin up to (\d+) ms late", progress.tell(Doing.RUNNING).why)
    assert late
    assert int(late[1]) >= 3000
    progress.tally.not_begun = 4
    assert progress.tell(Doing.RUNNING).why == "it cannot keep up: 4 arrivals were not begun"


def test_what_is_left_is_told(history: History) -> None:
    progress = begun_before(history, 3)
    assert progress.left() == ""
    progress.tally.begun, progress.tally.held, progress.tally.not_begun = 2, 1, 3
    progress.tally.decided(Outcome.INFO, None)
    assert progress.left() == "2 in doubt, 1 not given back, 3 not begun, because too many were under way"


def test_a_share_is_its_part_of_the_rate_and_of_what_is_due(history: History) -> None:
    state = begun_before(history, 1000, Share.alone(0).dealt(1, 3)).tell(Doing.RUNNING)
    assert state.due == 200
    state = begun_before(history, 3, Share.alone(0).dealt(1, 4)).tell(Doing.RUNNING)
    assert (state.phase, state.rate_per_s) == ("load", 2.5)


def test_another_machine_begins_by_its_own_clock() -> None:
    asked_ns = time.monotonic_ns()
    elsewhere = replace(Share.alone(10), boot="another", began_ns=3)
    began_ns = elsewhere.began_here_ns
    took_ns = time.monotonic_ns() - asked_ns
    assert abs(began_ns - asked_ns - 10 * S) < 5 * S + took_ns
    assert Share.from_dict(elsewhere.to_dict()) == elsewhere
