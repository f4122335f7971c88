"""What ended by itself comes back; what cannot start is tried on; a job runs once."""

import os
import signal

import pytest
from awaiting import wait_until
from hurting import is_stopped
from supervised import PATIENCE_S, Home

from chaos_aura.core.process import ProcessId
from chaos_aura.supervision.state import ChildState

_DIES_AT_ONCE = "raise SystemExit(7)"


def test_a_killed_child_comes_back_as_another_process(home: Home) -> None:
    home.launch(home.program("a"), home.program("b"))
    first, other = home.await_running("a"), home.await_running("b")
    os.kill(first.pid, signal.SIGKILL)
    child = home.await_child("a", lambda child: child.restarts == 1 and child.process, "restarted")
    assert child.process not in (None, first)
    assert child.state is ChildState.RUNNING
    assert child.last_end == "killed by SIGKILL"
    assert not first.is_alive()
    assert home.child("b").process == other


def test_it_comes_back_again_and_again(home: Home) -> None:
    home.launch(home.program("a"))
    seen = set()
    for restarts in range(4):
        child = home.await_child("a", lambda child, at=restarts: child.restarts == at and child.process, "is back")
        assert child.process is not None
        seen.add(child.process)
        os.kill(child.process.pid, signal.SIGKILL)
    assert len(seen) == 4


def test_what_a_dead_child_started_in_its_group_does_not_live_on(home: Home) -> None:
    home.launch(home.program("a", "sh", "-c", "sleep 1001 & sleep 1002"))
    first = home.await_running("a")
    home.await_child("a", lambda _: len(_sleepers(home)) == 2, "has started both")
    former = _sleepers(home)
    os.kill(first.pid, signal.SIGKILL)
    home.await_child("a", lambda _: len(_sleepers(home) - former) == 2, "is back with both")
    wait_until(lambda: not _sleepers(home) & former, PATIENCE_S, "the former ones gone")


def test_a_missing_binary_is_waited_for(home: Home) -> None:
    late = home.file("late")
    home.launch(home.program("a", str(late)), home.program("b"))
    child = home.await_child("a", lambda child: child.restarts >= 2, "was tried again")
    assert child.state is ChildState.WAITING
    assert "could not be started" in child.last_end
    assert str(late) in child.last_end
    assert home.child("b").state is ChildState.RUNNING
    late.write_text("#!/bin/sh\nexec sleep 1000\n", encoding="utf-8")
    late.chmod(0o700)
    home.await_state("a", ChildState.RUNNING)


def test_what_exits_at_once_is_tried_on_with_the_reason(home: Home) -> None:
    home.launch(home.script("a", _DIES_AT_ONCE))
    child = home.await_child("a", lambda c: c.restarts >= 3 and c.state is ChildState.WAITING, "was tried thrice")
    assert child.last_end == "exited with 7"
    assert 0 <= child.retry_in_s <= 5
    assert child.process is None


@pytest.mark.parametrize("nice", [-5000, 5000])
def test_a_strange_niceness_does_no_harm(home: Home, nice: int) -> None:
    home.launch(home.program("a", nice=nice), home.program("b"))
    home.await_running("b")
    assert home.await_child("a", lambda c: c.process or c.last_end, "was tried")


def test_an_end_by_a_signal_without_a_name_is_told(home: Home) -> None:
    home.launch(home.program("a"))
    os.kill(home.await_running("a").pid, signal.SIGRTMIN + 5)
    child = home.await_child("a", lambda child: child.restarts == 1, "restarted")
    assert child.last_end == f"killed by signal {signal.SIGRTMIN + 5}"


def test_a_restart_of_a_program_that_vanished_is_waited_for(home: Home) -> None:
    binary = home.file("binary")
    binary.write_text("#!/bin/sh\nexec sleep 1000\n", encoding="utf-8")
    binary.chmod(0o700)
    home.launch(home.program("a", str(binary)))
    home.await_running("a")
    binary.unlink()
    home.client.restart("a")
    child = home.await_state("a", ChildState.WAITING)
    assert "could not be started" in child.last_end


def test_a_job_runs_once(home: Home) -> None:
    home.launch(home.program("a"))
    home.client.run_job(home.program("job", "sh", "-c", "echo done >> ran", is_job=True))
    child = home.await_state("job", ChildState.ENDED)
    assert (child.last_end, child.restarts, child.is_job) == ("exited with 0", 0, True)
    assert home.file("ran").read_text(encoding="utf-8") == "done\n"
    home.client.run_job(home.program("job", "sh", "-c", "echo again >> ran; exit 3", is_job=True))
    assert home.await_child("job", lambda c: c.last_end == "exited with 3", "ran again").state is ChildState.ENDED
    assert home.file("ran").read_text(encoding="utf-8") == "done\nagain\n"


def test_a_running_job_is_not_started_twice(home: Home) -> None:
    home.launch()
    job = home.program("job", is_job=True)
    home.client.run_job(job)
    process = home.await_running("job")
    home.client.run_job(job)
    assert home.child("job").process == process


def test_a_job_that_cannot_be_started_is_ended(home: Home) -> None:
    home.launch()
    home.client.run_job(home.program("job", "/nowhere/at/all", is_job=True))
    child = home.child("job")
    assert child.state is ChildState.ENDED
    assert "could not be started" in child.last_end
    assert child.restarts == 0


def test_a_stopped_process_is_running(home: Home) -> None:
    home.launch(home.program("a"))
    process = home.await_running("a")
    os.kill(process.pid, signal.SIGSTOP)
    home.await_child("a", lambda _: is_stopped(process), "is paused")
    child = home.child("a")
    assert (child.state, child.process, child.restarts) == (ChildState.RUNNING, process, 0)
    os.kill(process.pid, signal.SIGCONT)


def test_a_log_is_kept_over_restarts(home: Home) -> None:
    home.launch(home.program("a", "sh", "-c", "echo line $$; exec sleep 1000"))
    first = home.await_running("a")
    home.await_file("logs/a.log")
    os.kill(first.pid, signal.SIGKILL)
    second = home.await_child("a", lambda child: child.restarts and child.process, "restarted").process
    home.await_child("a", lambda _: home.log("a").count("\n") == 2, "wrote again")
    assert second is not None
    assert home.log("a") == f"line {first.pid}\nline {second.pid}\n"


def test_a_log_above_its_limit_is_put_aside(home: Home) -> None:
    home.file("logs/a.log").write_text("x" * 101, encoding="ascii")
    home.launch(home.program("a", "sh", "-c", "echo line $$; exec sleep 1000", log_limit_bytes=100))
    process = home.await_running("a")
    assert home.await_file("logs/a.log") == f"line {process.pid}\n"
    assert home.await_file("logs/a.log.1") == "x" * 101


def test_a_full_disk_does_not_end_the_supervisor(home: Home) -> None:
    home.file("logs/supervisor.log").symlink_to("/dev/full")
    home.launch(home.program("a"))
    os.kill(home.await_running("a").pid, signal.SIGKILL)
    home.await_child("a", lambda child: child.restarts == 1 and child.process, "restarted")


def _sleepers(home: Home) -> set[ProcessId]:
    return {process for process, line in home.processes().items() if line.startswith("sleep")}
