"""The state file: read as it was written, and never half."""

import threading
from dataclasses import asdict
from pathlib import Path

import pytest

from chaos_aura.core.errors import BadInput
from chaos_aura.load.state import Doing, LoadState

STATE = LoadState(Doing.RUNNING, at=12, began_ns=3, phase="baseline", rate_per_s=4.5, due=9, begun=9, ok=8, why="")


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    STATE.write(tmp_path / "s")
    assert LoadState.read(tmp_path / "s") == STATE
    assert [each.name for each in tmp_path.iterdir()] == ["s"]


def test_one_that_has_not_told_anything_is_starting(tmp_path: Path) -> None:
    assert LoadState.read(tmp_path / "s") == LoadState(Doing.STARTING)


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"state": "running"}', "\0"])
def test_a_file_that_is_no_state_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "s").write_text(content, encoding="utf-8")
    with pytest.raises(BadInput, match="it is written by the load alone"):
        LoadState.read(tmp_path / "s")


def test_only_an_end_is_over() -> None:
    assert [doing for doing in Doing if LoadState(doing).is_over] == [Doing.ENDED, Doing.FAILED]


def test_whoever_reads_while_it_is_written_sees_a_whole_one(tmp_path: Path) -> None:
    path, done = tmp_path / "s", threading.Event()
    STATE.write(path)

    def write() -> None:
        while not done.is_set():
            STATE.write(path)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert all(asdict(LoadState.read(path)) == asdict(STATE) for _ in range(500))
    finally:
        done.set()
        writer.join()
