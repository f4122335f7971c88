"""What the services of a stack do not do: start children, die at the wrong moment, ignore a signal."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from awaiting import wait_until
from hurting import is_stopped
from process_cases import VICTIM, WITHIN_S, Victim, as_nobody, bring_down, fault_of, healed, injected, victim_in

from chaos_aura.core.catalogue import Catalogue, Service
from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.fault import Fault
from chaos_aura.core.lease import new_lease_id
from chaos_aura.core.process import ProcessId
from chaos_aura.supervision.place import CATALOGUE
from chaos_aura.supervision.state import ChildState
from injectors.process import ProcessInjector
from injectors.supervised.signalling import send

PAUSE = fault_of("pause", "victim")
KILL = fault_of("kill", "victim")


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Victim]:
    with victim_in(tmp_path) as made:
        yield made


@pytest.fixture
def injector(victim: Victim) -> ProcessInjector:
    return ProcessInjector(victim.ground)


def test_all_it_has_started_is_paused_with_it(victim: Victim, injector: ProcessInjector) -> None:
    family = [victim.process(), victim.spawn("near"), victim.spawn("away")]
    undo = injected(injector, PAUSE, VICTIM)
    assert all(is_stopped(process) for process in family)
    with pytest.raises(TimeoutError):
        victim.ask("spawn", "near", within_s=0.2)
    healed(injector, undo)
    assert not any(is_stopped(process) for process in family)
    assert victim.ask("open_one") == "opened"


def test_what_it_starts_between_preparing_and_pausing_is_paused_and_continued(
    victim: Victim, injector: ProcessInjector
) -> None:
    undo = injector.prepare(PAUSE, VICTIM, new_lease_id())
    late = victim.spawn()
    injector.inject(undo)
    wait_until(lambda: is_stopped(late), WITHIN_S, "the late one is stopped")
    wait_until(lambda: injector.in_force(undo), WITHIN_S, "all are stopped")
    healed(injector, undo)
    assert not is_stopped(late)


def test_one_thread_that_runs_is_no_pause_and_one_that_is_stopped_is_not_gone(
    victim: Victim, injector: ProcessInjector
) -> None:
    child = victim.spawn()
    undo = injected(injector, PAUSE, VICTIM)
    send(child, signal.SIGCONT)
    wait_until(lambda: not is_stopped(child), WITHIN_S, "the child runs")
    assert not injector.in_force(undo)
    assert not injector.gone(undo)
    healed(injector, undo)


def test_what_a_stranger_has_stopped_is_not_paused(victim: Victim, injector: ProcessInjector) -> None:
    child = victim.spawn()
    send(child, signal.SIGSTOP)
    wait_until(lambda: is_stopped(child), WITHIN_S, "the child is stopped")
    with pytest.raises(TargetUnfit, match=f"threads of process {child.pid} are stopped already; run: kill -CONT"):
        injector.prepare(PAUSE, VICTIM, new_lease_id())
    assert is_stopped(child)
    assert victim.ask("open_one") == "opened"


@pytest.mark.parametrize("fault", [PAUSE, KILL, fault_of("stop", "victim"), fault_of("restart", "victim")], ids=str)
def test_one_that_died_after_preparing_is_not_mistaken_for_its_successor(
    victim: Victim, injector: ProcessInjector, fault: Fault
) -> None:
    former = victim.process()
    undo = injector.prepare(fault, VICTIM, new_lease_id())
    _replace(victim)
    successor = victim.process()
    with pytest.raises(TargetUnfit, match=f"process {former.pid} ended before the fault could be injected"):
        injector.inject(undo)
    assert victim.process() == successor
    assert not is_stopped(successor)


def test_a_number_that_another_process_has_now_is_left_alone(victim: Victim) -> None:
    process = victim.process()
    assert not send(ProcessId(process.pid, process.start_ticks - 1), signal.SIGKILL)
    assert process.is_alive()


def test_the_process_of_another_user_is_told(victim: Victim) -> None:
    process = victim.process()
    with as_nobody(), pytest.raises(TargetUnfit, match=f"process {process.pid}: may not be sent SIGKILL .* run as the"):
        send(process, signal.SIGKILL)
    assert process.is_alive()


def test_one_that_will_not_end_is_hurried_when_its_fault_ends(victim: Victim, injector: ProcessInjector) -> None:
    former = victim.process()
    victim.ask("settle", int(signal.SIGTERM), "SIG_IGN")
    undo = injector.prepare(fault_of("stop", "victim", grace_s=600), VICTIM, new_lease_id())
    injector.inject(undo)
    assert not injector.in_force(undo)
    assert not injector.gone(undo)
    healed(injector, undo)
    assert victim.process() != former


def test_a_killed_one_whom_somebody_else_has_stopped_stays_stopped(victim: Victim, injector: ProcessInjector) -> None:
    undo = injected(injector, KILL, VICTIM)
    victim.process()
    victim.supervisor.stop("victim", 0)
    wait_until(lambda: _state(victim) is ChildState.STOPPED, WITHIN_S, "it is stopped")
    assert "by somebody else" in healed(injector, undo)
    assert _state(victim) is ChildState.STOPPED


def test_one_that_stays_down_is_down_until_healed(victim: Victim, injector: ProcessInjector) -> None:
    undo = injected(injector, fault_of("kill", "victim", comes_back=False), VICTIM)
    assert _state(victim) is ChildState.STOPPED
    assert not injector.gone(undo)
    assert "runs again" in healed(injector, undo)


@pytest.mark.parametrize("fault", [PAUSE, KILL, fault_of("stop", "victim"), fault_of("restart", "victim")], ids=str)
def test_with_the_stack_down_all_is_gone(victim: Victim, injector: ProcessInjector, fault: Fault) -> None:
    undo = injected(injector, fault, VICTIM)
    bring_down(victim)
    assert healed(injector, undo)


def test_one_that_the_stack_does_without_now_stays_stopped(victim: Victim, injector: ProcessInjector) -> None:
    """A stack that wants fewer workers keeps the others as spares, which its catalogue does not name."""
    _write_catalogue(victim, VICTIM)
    undo = injected(injector, fault_of("stop", "victim"), VICTIM)
    _write_catalogue(victim)
    assert "has no victim any more" in healed(injector, undo)
    assert _state(victim) is ChildState.STOPPED
    _write_catalogue(victim, VICTIM)
    assert "runs again" in healed(injector, undo)


def test_the_command_by_hand_continues_it(victim: Victim, injector: ProcessInjector) -> None:
    undo = injected(injector, PAUSE, VICTIM)
    assert os.system(undo.by_hand) == 0
    wait_until(lambda: injector.gone(undo), WITHIN_S, "it is gone")


def _replace(victim: Victim) -> None:
    former = victim.process()
    os.kill(former.pid, signal.SIGKILL)
    wait_until(lambda: victim.process() != former, 20, "it has a successor")


def _write_catalogue(victim: Victim, *services: Service) -> None:
    (victim.project.home / CATALOGUE).write_text(Catalogue("local", services, ()).to_json(), encoding="utf-8")


def _state(victim: Victim) -> ChildState:
    return victim.supervisor.children()["victim"].state
