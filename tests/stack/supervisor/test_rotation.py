"""Logs stay short, those of a process that runs too."""

import os
import signal
from pathlib import Path

import pytest
from awaiting import wait_until
from supervised import PATIENCE_S, Home

from chaos_aura.stack.supervisor.program import LOG_LIMIT_BYTES
from chaos_aura.stack.supervisor.rotation import cut, put_aside
from chaos_aura.supervision.place import LOG


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "a.log"


def test_a_short_log_is_left_alone(log: Path) -> None:
    put_aside(log, 4)
    assert not cut(log, 4)
    log.write_bytes(b"1234")
    put_aside(log, 4)
    assert not cut(log, 4)
    assert [path.name for path in log.parent.iterdir()] == ["a.log"]


def test_of_a_cut_log_the_end_is_kept(log: Path) -> None:
    with log.open("ab", buffering=0) as writer:
        writer.write(b"0123456789")
        assert cut(log, 4)
        writer.write(b"more")
    assert log.read_bytes() == b"more"
    assert log.with_name("a.log.1").read_bytes() == b"6789"


def test_a_log_is_cut_even_where_no_copy_can_be_kept(log: Path) -> None:
    log.write_bytes(b"0123456789")
    log.with_name("a.log.1").symlink_to("/dev/full")
    assert cut(log, 4)
    assert log.read_bytes() == b""


def test_a_running_program_that_writes_much_keeps_a_short_log(home: Home) -> None:
    chatter = "trap '' TERM; while true; do echo a line of many; sleep 0.001; done"
    home.launch(home.program("a", "sh", "-c", chatter, log_limit_bytes=2_000, grace_s=0))
    process = home.await_running("a")
    former = home.file("logs/a.log.1")
    wait_until(former.exists, PATIENCE_S, "the log was cut")
    assert former.stat().st_size <= 2_000
    assert home.child("a").process == process
    assert "a: cut its log" in home.log("supervisor")
    home.await_file("logs/a.log")
    assert set(home.log("a").splitlines()[1:-1]) <= {"a line of many"}


def test_the_supervisors_own_log_is_put_aside_at_a_launch(home: Home) -> None:
    home.file(LOG).write_text("x" * (LOG_LIMIT_BYTES + 1), encoding="ascii")
    home.launch(home.program("a"))
    assert home.file(f"{LOG}.1").stat().st_size == LOG_LIMIT_BYTES + 1
    wait_until(lambda: "keeps 1 programs" in home.log("supervisor"), PATIENCE_S, "it goes on in a log of its own")


def test_the_supervisors_own_log_is_cut_while_it_runs(home: Home) -> None:
    home.launch(home.program("a"))
    process = home.await_running("a")
    os.truncate(home.file(LOG), LOG_LIMIT_BYTES + 1)
    wait_until(lambda: home.file(LOG).stat().st_size == 0, PATIENCE_S, "its log was cut")
    os.kill(process.pid, signal.SIGKILL)
    wait_until(lambda: "a: killed by SIGKILL" in home.log("supervisor"), PATIENCE_S, "it writes on")
    assert "\0" not in home.log("supervisor")
