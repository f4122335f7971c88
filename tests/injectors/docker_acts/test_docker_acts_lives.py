"""Containers that have several lives while they are hurt, or another's name: what is ours is undone, no more."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from awaiting import wait_until
from docker_victims import WITHIN_S, Victims
from standing_reaper import helpers_in
from test_docker_acts_healed import healed, prepared, struck

from chaos_aura.containers.container import PROJECT, SERVICE, Container, Status
from chaos_aura.core.errors import TargetUnfit

Make = Callable[..., Victims]
_EVERY_MS = 500
_SEVERAL_LOOKS = 20  # four at least: a look waits, connects and reads


def await_exited(these: Victims) -> None:
    wait_until(lambda: these.now().status is Status.EXITED, WITHIN_S, "it lies there")


def await_looks_at(these: Victims, other: Container) -> None:
    """By who kills, several times, since it is old enough to be killed."""
    process = other.process
    assert process
    wait_until(lambda: process.uptime_s() > _EVERY_MS / 1000 or not process.is_alive(), WITHIN_S, "it is old enough")
    [helper] = helpers_in(these.home)
    before = times_it_waited(helper)
    wait_until(lambda: times_it_waited(helper) > before + _SEVERAL_LOOKS, WITHIN_S, "its helper has looked")


def times_it_waited(pid: int) -> int:
    """As its kernel counts them."""
    told = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(told.partition("\nvoluntary_ctxt_switches:")[2].split()[0])


@pytest.mark.parametrize("kind", ["kill", "oom_kill", "crash_loop"])
def test_whom_its_engine_takes_for_stopped_by_hand_is_started_again(made: Make, standing: object, kind: str) -> None:
    """So it does with whoever was told to read its configuration again."""
    these = made()
    these.engine.api.kill(these.names()[0], signal="SIGHUP")
    injector, undo = struck(these, kind)
    await_exited(these)
    assert not injector.gone(undo)
    healed(injector, undo)
    these.await_well()


@pytest.mark.parametrize("kind", ["kill", "oom_kill"])
def test_who_was_stopped_by_somebody_else_stays_so(made: Make, kind: str) -> None:
    these = made()
    injector, undo = prepared(these, kind)
    these.engine.api.stop(these.names()[0], timeout=0)
    assert "by somebody else" in healed(injector, undo)
    assert these.now().status is Status.EXITED


def test_whose_loop_was_ended_by_a_stop_stays_so(made: Make, standing: object) -> None:
    these = made()
    injector, undo = struck(these, "crash_loop")
    these.engine.api.stop(these.names()[0], timeout=0)
    await_exited(these)
    assert "by somebody else" in healed(injector, undo)
    assert these.now().status is Status.EXITED


def test_a_pause_that_lands_in_a_later_life_is_undone(made: Make) -> None:
    """As by an order whose sender is dead."""
    these = made()
    injector, undo = prepared(these, "pause")
    these.restart()
    these.engine.api.pause(these.names()[0])
    assert not injector.gone(undo)
    healed(injector, undo)
    assert these.now().status is Status.RUNNING


def test_a_pause_after_ours_is_somebody_elses_and_said(made: Make) -> None:
    these = made()
    injector, undo = struck(these, "pause")
    these.restart()
    these.engine.api.pause(these.names()[0])
    injector.heal(undo)
    assert these.now().status is Status.PAUSED
    proof = injector.gone(undo)
    assert not proof
    assert "is paused by somebody else" in proof.seen
    these.engine.api.unpause(these.names()[0])
    assert injector.gone(undo)


def test_what_resists_being_frozen_is_frozen_a_little_later(made: Make) -> None:
    these = made(settings={"cap_add": ["SYS_PTRACE"], "security_opt": ["seccomp=unconfined"]})
    assert these.ask("resist", seconds=100) == "resists"
    with pytest.raises(TargetUnfit, match="unable to freeze"):
        struck(these, "pause")
    these.restart()
    assert these.ask("resist", seconds=1) == "resists"
    healed(*struck(these, "pause"))


def test_a_process_that_was_to_be_killed_and_was_not_is_the_kernels_choice_as_before(made: Make) -> None:
    these = made(settings={"oom_score_adj": 300})
    injector, undo = prepared(these, "oom_kill")
    row = undo.data["each"][0]
    too_much = {**row, "part": {**row["part"], "limit": 1 << 46}}  # so much is given to nobody, and nobody is killed
    undo = replace(undo, data={**undo.data, "each": [too_much]})
    injector.inject(undo)
    assert not injector.in_force(undo)
    assert score_of(these) == 1000
    assert "first choice" in injector.gone(undo).seen
    healed(injector, undo)
    assert score_of(these) == 300


def test_a_score_of_somebody_else_is_left(made: Make) -> None:
    these = made()
    injector, undo = prepared(these, "oom_kill")
    these.run_inside("sh", "-c", "echo 700 > /proc/1/oom_score_adj")
    healed(injector, undo)
    assert score_of(these) == 700


def score_of(these: Victims) -> int:
    return int(Path(f"/proc/{these.now().pid}/oom_score_adj").read_text(encoding="ascii"))


def named(made: Make) -> Victims:
    """One that is meant by its name, as without compose."""
    these = made()
    these.remove()
    these.called = f"{these.project}-named"
    these.make()
    return these


def test_who_has_taken_the_name_from_another_project_is_not_killed(made: Make, standing: object) -> None:
    these = named(made)
    injector, undo = struck(these, "crash_loop", every_ms=_EVERY_MS)
    these.remove()
    other = these.stranger(
        these.called, {PROJECT: "chaos-aura-other", SERVICE: "web"}, restart_policy={"Name": "always"}
    )
    await_looks_at(these, other)
    assert "was removed" in healed(injector, undo)
    assert these.engine.inspect(other.id).life == other.life
    assert these.engine.inspect(other.id).process == other.process


def test_whose_id_begins_like_the_name_is_not_killed(made: Make, standing: object) -> None:
    these = made()
    labels = {PROJECT: these.project, SERVICE: "web"}
    other = these.stranger(f"{these.project}-other", labels, restart_policy={"Name": "always"})
    these.remove()
    these.called = other.id[:12]
    these.make()
    injector, undo = struck(these, "crash_loop", every_ms=_EVERY_MS)
    these.remove()
    await_looks_at(these, other)
    assert "was removed" in healed(injector, undo)
    assert these.engine.inspect(other.id).life == other.life
    assert these.engine.inspect(other.id).process == other.process


def test_a_new_one_of_the_same_name_and_project_is_killed_as_well(made: Make, standing: object) -> None:
    these = named(made)
    injector, undo = struck(these, "crash_loop", every_ms=_EVERY_MS)
    these.remove()
    these.make()
    wait_until(lambda: these.now().restarts > 0, WITHIN_S, "it is killed, too")
    healed(injector, undo)
    these.await_well()
