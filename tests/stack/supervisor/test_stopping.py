"""Stop holds down, start lets go, and every moment of asking is a good one."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from awaiting import wait_until
from supervised import PATIENCE_S, Home

from chaos_aura.core.errors import BadInput, SupervisorFailed
from chaos_aura.supervision.state import ChildState

_IGNORES_TERM = "trap '' TERM; echo ready > ready; while true; do sleep 0.05; done"
_LEAVES_A_WORD = "trap 'echo left > word; exit 0' TERM; echo ready > ready; while true; do sleep 0.02; done"


def test_stop_holds_it_down_until_start(home: Home) -> None:
    home.launch(home.program("a"), home.program("b"))
    process, other = home.await_running("a"), home.await_running("b")
    home.client.stop("a")
    assert home.await_state("a", ChildState.STOPPED).last_end == "killed by SIGTERM"
    os.kill(other.pid, signal.SIGKILL)
    home.await_child("b", lambda child: child.restarts == 1 and child.process, "came back meanwhile")
    assert home.child("a").state is ChildState.STOPPED
    home.client.start("a")
    assert home.await_running("a") != process
    assert home.child("a").restarts == 0


def test_start_of_what_runs_changes_nothing(home: Home) -> None:
    home.launch(home.program("a"))
    process = home.await_running("a")
    home.client.start("a")
    assert home.child("a").process == process


def test_one_that_is_not_to_start_waits_to_be_asked(home: Home) -> None:
    home.launch(home.program("a", starts=False))
    assert home.child("a").state is ChildState.STOPPED
    home.client.stop("a")
    home.client.start("a")
    home.await_running("a")


def test_stop_lets_it_end_by_itself(home: Home) -> None:
    home.launch(home.program("a", "bash", "-c", _LEAVES_A_WORD, grace_s=PATIENCE_S))
    home.await_file("ready")
    home.client.stop("a")
    assert home.await_state("a", ChildState.STOPPED).last_end == "exited with 0"
    assert home.file("word").read_text(encoding="utf-8") == "left\n"


def test_stop_without_grace_kills(home: Home) -> None:
    home.launch(home.program("a", "bash", "-c", _LEAVES_A_WORD))
    home.await_file("ready")
    home.client.stop("a", grace_s=0)
    assert home.await_state("a", ChildState.STOPPED).last_end == "killed by SIGKILL"
    assert not home.file("word").exists()


def test_what_ignores_the_request_is_killed_after_its_grace(home: Home) -> None:
    home.launch(home.program("a", "bash", "-c", _IGNORES_TERM, grace_s=2))
    home.await_file("ready")
    began_s = time.monotonic()
    home.client.stop("a")
    assert home.await_state("a", ChildState.STOPPED).last_end == "killed by SIGKILL"
    assert time.monotonic() - began_s >= 2


def test_asking_again_gives_no_more_time_but_may_give_less(home: Home) -> None:
    home.launch(home.program("a", "bash", "-c", _IGNORES_TERM, grace_s=1000))
    home.await_file("ready")
    home.client.stop("a")
    assert home.child("a").state is ChildState.STOPPING
    home.client.stop("a", grace_s=0.1)
    home.client.stop("a")
    home.await_state("a", ChildState.STOPPED)


def test_a_paused_one_hears_the_request(home: Home) -> None:
    home.launch(home.program("a", "bash", "-c", _LEAVES_A_WORD, grace_s=1000))
    home.await_file("ready")
    os.kill(home.await_running("a").pid, signal.SIGSTOP)
    home.client.stop("a")
    home.await_state("a", ChildState.STOPPED)
    assert home.file("word").exists()


def test_start_while_it_stops_brings_it_back(home: Home) -> None:
    home.launch(home.program("a", "bash", "-c", _IGNORES_TERM, grace_s=1000))
    home.await_file("ready")
    process = home.await_running("a")
    home.client.stop("a")
    home.client.start("a")
    assert home.child("a").state is ChildState.RESTARTING
    os.kill(process.pid, signal.SIGKILL)
    child = home.await_state("a", ChildState.RUNNING)
    assert child.process
    assert child.process != process
    assert not process.is_alive()
    home.client.stop("a", grace_s=0)  # it ignores what it is asked, and the stack's end would wait for it


def test_stop_while_it_is_to_come_back_holds_it_down(home: Home) -> None:
    home.launch(home.program("a", "bash", "-c", _IGNORES_TERM, grace_s=1000))
    home.await_file("ready")
    process = home.await_running("a")
    home.client.restart("a")
    home.client.stop("a")
    os.kill(process.pid, signal.SIGKILL)
    home.await_state("a", ChildState.STOPPED)
    assert home.child("a").process is None


def test_stop_while_it_waits(home: Home) -> None:
    home.launch(home.program("a", "/nowhere/at/all"))
    home.await_child("a", lambda child: child.restarts >= 2, "waits")
    home.client.stop("a")
    child = home.child("a")
    assert child.state is ChildState.STOPPED
    assert "could not be started" in child.last_end


def test_start_while_it_waits_tries_at_once_with_a_fresh_back_off(home: Home) -> None:
    home.launch(home.program("a", "/nowhere/at/all"))
    home.await_child("a", lambda child: child.retry_in_s > 1.5, "waits long")
    assert home.log("supervisor").count("; starts again in 0 s\n") == 1
    home.client.start("a")
    assert home.log("supervisor").count("; starts again in 0 s\n") == 2  # as only a fresh back-off has it


def test_restart_is_another_process(home: Home) -> None:
    home.launch(home.program("a"))
    process = home.await_running("a")
    home.client.restart("a", grace_s=0)
    child = home.await_child("a", lambda child: child.process not in (None, process), "is another")
    assert child.state is ChildState.RUNNING
    assert not process.is_alive()


def test_an_unknown_name_is_refused_with_the_known(home: Home) -> None:
    home.launch(home.program("a"), home.program("b"))
    for ask in (home.client.start, home.client.stop, home.client.restart):
        with pytest.raises(BadInput, match=r"^c: no such program; there are: a, b$"):
            ask("c")


def test_a_job_cannot_take_the_name_of_a_service(home: Home) -> None:
    home.launch(home.program("a"))
    home.client.stop("a")
    with pytest.raises(BadInput, match=r"^a: is not a job; "):
        home.client.run_job(home.program("a", is_job=True))


def test_while_it_shuts_down_it_refuses_in_one_line(home: Home) -> None:
    home.launch(home.program("a", "bash", "-c", _IGNORES_TERM, grace_s=1000))
    home.await_file("ready")
    process, pid = home.await_running("a"), home.client.pid()
    os.kill(pid, signal.SIGTERM)
    home.await_state("a", ChildState.STOPPING)
    line = "^supervisor: is shutting down; wait for it, then run: chaos-aura up$"
    with pytest.raises(BadInput, match=line):
        home.client.start("a")
    with pytest.raises(BadInput, match=line):
        home.client.restart("a")
    with pytest.raises(BadInput, match=line):
        home.client.run_job(home.program("job", is_job=True))
    with pytest.raises(SupervisorFailed, match="another one runs this stack already"):
        home.launch()
    os.kill(process.pid, signal.SIGKILL)
    home.await_nothing_left()


def test_a_shutdown_that_overstays_is_ended(home: Home) -> None:
    home.launch(home.program("a", "bash", "-c", _IGNORES_TERM, grace_s=1000))
    home.await_file("ready")
    home.client.shut_down(within_s=0.3)
    assert home.processes() == {}
    assert not home.client.is_running()


def test_a_supervisor_that_does_not_answer_is_ended(home: Home) -> None:
    home.launch(home.program("a"))
    home.await_running("a")
    os.kill(home.client.pid(), signal.SIGSTOP)
    home.client.shut_down(within_s=1)
    assert home.processes() == {}


def test_two_shutdowns_at_once_both_return(home: Home) -> None:
    lingers = "trap '' TERM; echo ready > ready; until [ -e go ]; do sleep 0.05; done"
    with (
        home.launching(home.program("a", "bash", "-c", lingers, grace_s=1000)),
        ThreadPoolExecutor(max_workers=1) as beside,
    ):
        home.await_file("ready")
        os.kill(home.client.pid(), signal.SIGTERM)
        home.await_state("a", ChildState.STOPPING)
        second = beside.submit(home.client.shut_down, PATIENCE_S)
        wait_until(_awaits_an_end, PATIENCE_S, "the second has asked, and waits as well")
        home.file("go").touch()
        second.result(PATIENCE_S)
        wait_until(lambda: not home.client.is_running(), PATIENCE_S, "it is over")


def _awaits_an_end() -> bool:
    """This process holds on to another by its descriptor."""
    held = []
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the listing's own
            held.append(str(entry.readlink()))
    return any("pidfd" in file for file in held)
