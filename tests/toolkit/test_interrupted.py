"""Ctrl-C, SIGTERM, SIGHUP and SIGKILL in every phase of a run: it says so, heals at once, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest
from awaiting import wait_until
from chaos_run import action, await_line, call, control, ended, experiment, started
from fake_home import FakeHome
from local_stack import processes_in
from other_thread import hand_over, sleeps

from chaos_aura.record.timeline import read_timeline
from chaos_aura.report.outcomes import REFUSED

_WITHIN_S = 60.0
_ONE_REQUEST_S = 1.1  # what comes sooner is the same request
_HEALED_WITHIN_S = 30.0  # on a busy machine; the storm of tests/faults measures how fast it is
_MET = call("platform", "system", "probe", "the system", tolerance="Linux")
_HELD = action("inject", kind="pretend", target="neo4j", duration=120)
_LEFT = action("inject", kind="pretend", target="neo4j")
_ELSEWHERE = action("inject", kind="pretend", target="redis")
_SHORT = action("inject", kind="pretend", target="neo4j", duration=0.2)
_SOFT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def waiting(home: FakeHome, kind: str, name: str) -> dict[str, Any]:
    """Says that it has begun, and waits for long. Not ours: nobody but a signal ends it, or who lets it go on. One that
    begins in the moment of the signal may outlive the run: it must not hold the run's output open.
    """
    here = home.root / "here"
    wait = f"n=0; until [ -e {here}.go-on ] || [ $n -ge 2000 ]; do sleep 0.05; n=$((n + 1)); done"
    script = f"exec >/dev/null 2>&1; echo $$ >{here}.new; mv {here}.new {here}; {wait}"
    return call("subprocess", "check_call", kind, name, arguments={"args": ["/bin/sh", "-c", script]}, tolerance=0)


def putting_back(home: FakeHome) -> dict[str, Any]:
    arguments = {"args": ["/bin/touch", str(home.root / "put-back")]}
    return call("subprocess", "check_call", "action", "puts back", arguments=arguments)


@dataclass(frozen=True)
class Scene:
    """An experiment, and what tells that it has come to the phase in question."""

    method: list[dict[str, Any]]
    probes: list[dict[str, Any]]
    rollbacks: list[dict[str, Any]]


def scene(home: FakeHome, phase: str) -> Scene:
    here = [waiting(home, "probe", "waits")]
    waits = waiting(home, "action", "waits")
    return {
        "hypothesis": Scene([_HELD], here, []),
        "fault": Scene([_HELD], [_MET], []),
        "background fault": Scene([{**_HELD, "background": True}, _ELSEWHERE, waits], [_MET], []),
        "recovery": Scene([_LEFT], [], []),
        "rollbacks": Scene([_SHORT], [_MET], [waits, putting_back(home)]),
    }[phase]


@contextmanager
def come_to(home: FakeHome, phase: str) -> Iterator["subprocess.Popen[str]"]:
    wanted = scene(home, phase)
    document = experiment(wanted.method, probes=wanted.probes, rollbacks=wanted.rollbacks)
    process = started(home.root, home.environ, document)
    try:
        wait_until(lambda: _is_there(home, phase) or process.poll() is not None, _WITHIN_S, f"it has come to {phase}")
        assert process.poll() is None, process.communicate()
        yield process
    finally:
        process.kill()
        with suppress(FileNotFoundError, ProcessLookupError):  # what was being waited for when it was killed
            os.kill(int((home.root / "here").read_text()), signal.SIGKILL)
        process.communicate()


def _is_there(home: FakeHome, phase: str) -> bool:
    if phase in ("hypothesis", "background fault", "rollbacks"):
        struck = phase != "background fault" or len(home.fake.struck()) == 2
        return (home.root / "here").exists() and struck
    return any(lease.was_in_force for lease in home.ledger.open_leases())


@pytest.mark.parametrize("phase", ["hypothesis", "fault", "background fault"])
@pytest.mark.parametrize("number", _SOFT, ids=lambda each: each.name)
def test_a_signal_heals_at_once_and_says_so(home: FakeHome, phase: str, number: signal.Signals) -> None:
    with come_to(home, phase) as process:
        process.send_signal(number)
        wait_until(lambda: not home.fake.struck(), _HEALED_WITHIN_S, "nothing is in force")
        done = ended(home.root, home.home, process, _WITHIN_S)
    assert (done.outcome, done.code) == ("interrupted", 1), done.said
    assert f"received {number.name}" in done.reasons
    assert done.journal["status"] == "interrupted"
    assert done.journal["interruption"]["name"] == number.name
    assert home.ledger.open_leases() == ()
    assert "Traceback" not in done.said


@pytest.mark.parametrize("phase", ["hypothesis", "fault", "background fault"])
def test_a_signal_that_another_thread_has_taken_heals_at_once_all_the_same(home: FakeHome, phase: str) -> None:
    """As the kernel hands out the second of two at once, and those of a process that was stopped."""
    with come_to(home, phase) as process:
        wait_until(lambda: sleeps(process.pid), _WITHIN_S, "its main thread sleeps")
        hand_over(process.pid, signal.SIGTERM)
        wait_until(lambda: not home.fake.struck(), _HEALED_WITHIN_S, "nothing is in force")
        done = ended(home.root, home.home, process, _WITHIN_S)
    assert (done.outcome, done.code) == ("interrupted", 1), done.said
    assert "received SIGTERM" in done.reasons


def test_a_signal_while_it_is_being_healed_is_waited_out(home: FakeHome) -> None:
    """What is being put back is put back whole."""
    home.fake.tell("heal", "hang 30")
    with come_to(home, "recovery") as process:
        wait_until(home.fake.hangs, _WITHIN_S, "the healing goes on")
        process.send_signal(signal.SIGTERM)
        revoked = "it has heard the signal, and has told the reaper"
        wait_until(lambda: any(lease.revoked for lease in home.ledger.open_leases()), _WITHIN_S, revoked)
        assert process.poll() is None
        home.fake.forget("heal")
        home.fake.go_on()
        done = ended(home.root, home.home, process, _WITHIN_S)
    assert (done.outcome, done.code) == ("interrupted", 1), done.said
    assert home.ledger.open_leases() == ()

    def all_have_gone_on() -> bool:  # the reaper, too, may have begun to heal in the moment before
        home.fake.go_on()
        return not processes_in(home.root)

    wait_until(all_have_gone_on, _WITHIN_S, "no process is left")


@pytest.mark.parametrize("number", _SOFT, ids=lambda each: each.name)
def test_a_signal_lets_the_rollbacks_come_to_their_end_and_says_so(home: FakeHome, number: signal.Signals) -> None:
    with come_to(home, "rollbacks") as process:
        process.send_signal(number)
        await_line(process, f"received {number.name}: the rollbacks go on; once more after a second, and they end")
        assert process.poll() is None
        (home.root / "here.go-on").touch()
        done = ended(home.root, home.home, process, _WITHIN_S)
    assert (done.outcome, done.code) == ("interrupted", 1), done.said
    assert done.journal["interruption"]["name"] == number.name
    assert (home.root / "put-back").exists()
    assert home.ledger.open_leases() == ()


def send_at_once(process: "subprocess.Popen[str]", *numbers: signal.Signals) -> None:
    """However long a busy machine lets the sender wait between two: it hears none before all are there."""
    for number in (signal.SIGSTOP, *numbers, signal.SIGCONT):
        process.send_signal(number)


@pytest.mark.parametrize("phase", ["hypothesis", "fault", "background fault"])
def test_two_signals_at_once_end_it_as_one_does(home: FakeHome, phase: str) -> None:
    with come_to(home, phase) as process:
        send_at_once(process, signal.SIGINT, signal.SIGTERM)
        done = ended(home.root, home.home, process, _WITHIN_S)
    assert (done.outcome, done.code) == ("interrupted", 1), done.said
    assert done.journal["status"] == "interrupted"
    assert not home.fake.struck()
    assert home.ledger.open_leases() == ()
    assert "Traceback" not in done.said


def test_a_request_that_comes_as_two_signals_is_one(home: FakeHome) -> None:
    """As a terminal that is closed, or who ends a group and each in it, sends them."""
    with come_to(home, "rollbacks") as process:
        send_at_once(process, signal.SIGINT, signal.SIGTERM)
        await_line(process, "received SIG")
        (home.root / "here.go-on").touch()
        done = ended(home.root, home.home, process, _WITHIN_S)
    assert (done.outcome, done.code) == ("interrupted", 1), done.said
    assert (home.root / "put-back").exists()


def test_who_asks_again_ends_the_rollbacks_as_well(home: FakeHome) -> None:
    with come_to(home, "rollbacks") as process:
        process.send_signal(signal.SIGINT)
        await_line(process, "received SIGINT")
        time.sleep(_ONE_REQUEST_S)
        process.send_signal(signal.SIGTERM)
        done = ended(home.root, home.home, process, _WITHIN_S)
    assert (done.outcome, done.code) == ("interrupted", 1), done.said
    assert not (home.root / "put-back").exists()
    assert home.ledger.open_leases() == ()
    assert "Traceback" not in done.said


@pytest.mark.parametrize("phase", ["hypothesis", "fault", "background fault", "rollbacks"])
def test_killed_it_leaves_nothing_in_force_and_the_next_run_passes(home: FakeHome, phase: str) -> None:
    with come_to(home, phase) as process:
        process.kill()
        wait_until(
            lambda: not home.fake.struck() and not home.ledger.open_leases(), _HEALED_WITHIN_S, "nothing is in force"
        )
    [folder] = [each for each in (home.home / "runs").iterdir() if not each.is_symlink()]
    assert not (folder / "result.json").exists(), "nobody can mistake it for a result"
    assert read_timeline(folder / "timeline.jsonl")
    document = experiment([_SHORT], probes=[_MET])
    done = ended(home.root, home.home, started(home.root, home.environ, document))
    assert done.outcome == "passed", done.said


def test_a_second_run_on_the_same_stack_is_refused_with_the_first_ones_name(home: FakeHome) -> None:
    with come_to(home, "fault") as process:
        [first] = [each for each in (home.home / "runs").iterdir() if not each.is_symlink()]
        document = experiment([_HELD], probes=[_MET], rollbacks=[action("heal_all")])
        second = ended(home.root, home.home, started(home.root, home.environ, document))
        assert second.code == 1
        assert "stack: is being used by run " in second.reasons
        assert f"(a test), process {process.pid}" in second.reasons
        assert second.outcome == "fault not injected"
        assert REFUSED.next_step in second.said, "which faults are possible has nothing to do with it"
        assert len(home.fake.struck()) == 1, "what belongs to the first is nothing that the second may put back"
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=_WITHIN_S)
    assert json.loads((first / "result.json").read_text())["outcome"] == "interrupted"


_PATIENT = control(wait_s=60)


def test_a_second_run_that_may_wait_waits(home: FakeHome) -> None:
    short = action("inject", kind="pretend", target="redis", duration=0.2)
    with come_to(home, "fault") as process:
        waits = started(home.root, home.environ, experiment([short], probes=[_MET], controls=[_PATIENT]))
        await_line(waits, "waiting for run ")
        process.send_signal(signal.SIGINT)
        process.wait(_WITHIN_S)
        assert ended(home.root, home.home, waits).outcome == "passed"


@pytest.mark.parametrize("number", _SOFT, ids=lambda each: each.name)
def test_a_signal_ends_one_that_waits_for_its_turn_and_not_the_other(home: FakeHome, number: signal.Signals) -> None:
    with come_to(home, "fault") as process:
        waits = started(home.root, home.environ, experiment([_SHORT], probes=[_MET], controls=[_PATIENT]))
        await_line(waits, "waiting for run ")
        waits.send_signal(number)
        done = ended(home.root, home.home, waits)
        assert (done.outcome, done.code) == ("interrupted", 1), done.said
        assert len(home.fake.struck()) == 1, "what belongs to the other goes on"
        assert process.poll() is None
