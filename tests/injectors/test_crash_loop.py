"""A service that is killed again as often as it comes back, and comes back for good when the fault ends."""

import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from awaiting import wait_until
from grounds import ground_of
from hurting import process_of, unwell
from lasting_cases import (
    WITHIN_S,
    case_on_redis,
    fault_of,
    held_still,
    helper_of,
    in_force,
    injected,
    must_hold,
)
from standing_reaper import helpers_in
from witnesses import comes_to_no_age

from chaos_aura.core.address import on_loopback
from chaos_aura.core.boot import since_boot_s
from chaos_aura.core.catalogue import Service
from chaos_aura.core.errors import ReaperMissing, TargetUnfit
from chaos_aura.core.lease import new_lease_id
from chaos_aura.faults.awaiting import await_proof
from chaos_aura.faults.contract import Case, InjectorContract
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.lasting.find import helpers_of
from chaos_aura.stack.running import RunningStack
from chaos_aura.supervision.state import ChildState
from injectors.crash_loop import CrashLoopInjector

LOOP = fault_of("crash_loop")
_LONGER_THAN_ANY_LIFE_S = 1.0  # under that fault, each is killed long before


@pytest.fixture
def loop(stack: RunningStack) -> CrashLoopInjector:
    return CrashLoopInjector(ground_of(stack))


@pytest.mark.usefixtures("reaper")
class TestCrashLoop(InjectorContract):
    @pytest.fixture
    def case(self, stack: RunningStack, loop: CrashLoopInjector) -> Case:
        """A restarted Redis is killed at once: nobody could wait for it."""
        case = replace(case_on_redis(stack, loop, LOOP), restart=lambda: stack.supervisor.restart("redis"))
        return replace(case, hurts=comes_to_no_age(stack, "redis"))


def comes_back(stack: RunningStack) -> None:
    wait_until(lambda: "redis" not in unwell(stack), WITHIN_S, "Redis is well")


@pytest.mark.usefixtures("reaper")
def test_it_is_killed_again_as_often_as_it_comes_back(
    stack: RunningStack, loop: CrashLoopInjector, redis: Service
) -> None:
    former = stack.supervisor.children()["redis"].restarts
    with in_force(loop, LOOP, redis) as undo:
        wait_until(lambda: loop.in_force(undo).facts.get("kills", 0) >= 3, WITHIN_S, "it was killed three times")
        assert stack.supervisor.children()["redis"].restarts >= former + 2
    comes_back(stack)
    survivor = process_of(stack, "redis")
    wait_until(lambda: survivor.uptime_s() > _LONGER_THAN_ANY_LIFE_S, WITHIN_S, "it lives on")
    assert process_of(stack, "redis") == survivor


@pytest.mark.usefixtures("reaper")
def test_it_may_live_so_long_each_time(stack: RunningStack, loop: CrashLoopInjector, redis: Service) -> None:
    wait_until(lambda: process_of(stack, "redis").uptime_s() > 1, WITHIN_S, "it has lived for a while")
    with in_force(loop, fault_of("crash_loop", every_ms=700), redis) as undo:
        anew = wait_until(lambda: stack.supervisor.children()["redis"].process, WITHIN_S, "it has come back")
        wait_until(lambda: not anew.is_alive(), WITHIN_S, "it was killed again")
        # Its end may be seen late: it has not lived longer than this.
        assert since_boot_s() - anew.start_ticks / os.sysconf("SC_CLK_TCK") > 0.6
        must_hold(loop, undo)
    comes_back(stack)


def test_it_comes_back_when_the_reaper_has_ended(
    stack: RunningStack, loop: CrashLoopInjector, redis: Service, reaper: "subprocess.Popen[bytes]"
) -> None:
    """By its supervisor, before anybody has healed."""
    undo = injected(loop, LOOP, redis)
    try:
        must_hold(loop, undo)
        reaper.kill()
        wait_until(lambda: not helpers_in(stack.project.home), WITHIN_S, "the helper has ended")
        comes_back(stack)
    finally:
        loop.heal(undo)
    assert await_proof(lambda: loop.gone(undo), WITHIN_S)
    comes_back(stack)


@pytest.mark.usefixtures("reaper")
def test_a_killed_helper_is_noticed(stack: RunningStack, loop: CrashLoopInjector, redis: Service) -> None:
    with in_force(loop, LOOP, redis) as undo:
        os.kill(helper_of(undo).pid, signal.SIGKILL)
        wait_until(lambda: not helpers_in(stack.project.home), WITHIN_S, "it is dead")
        assert loop.in_force(undo).seen.startswith("no helper lives")
    comes_back(stack)


@pytest.mark.usefixtures("reaper")
def test_one_that_kills_no_more_is_noticed(stack: RunningStack, loop: CrashLoopInjector, redis: Service) -> None:
    with in_force(loop, LOOP, redis) as undo, held_still(helper_of(undo)):
        wait_until(lambda: not loop.in_force(undo), WITHIN_S, "it lives for too long")
        assert "lives for" in loop.in_force(undo).seen
    comes_back(stack)


@pytest.mark.usefixtures("reaper")
def test_what_somebody_has_stopped_stays_stopped(stack: RunningStack, loop: CrashLoopInjector, redis: Service) -> None:
    try:
        with in_force(loop, LOOP, redis) as undo:
            stack.supervisor.stop("redis")
            stopped = lambda: stack.supervisor.children()["redis"].state is ChildState.STOPPED  # noqa: E731
            wait_until(stopped, WITHIN_S, "it is stopped")
        assert stopped()
        assert "was stopped by somebody else" in loop.gone(undo).seen
    finally:
        stack.supervisor.start("redis")
        comes_back(stack)


@pytest.mark.usefixtures("reaper")
def test_nothing_of_it_is_left(stack: RunningStack, loop: CrashLoopInjector, redis: Service) -> None:
    with in_force(loop, LOOP, redis) as undo:
        lease = undo.data["lease"]
    left = [path for path in ground_of(stack).folder.rglob("*") if lease in path.name]
    assert [path.parent.name for path in left] == ["ended"]
    comes_back(stack)


def test_without_a_reaper_nothing_is_started(stack: RunningStack, loop: CrashLoopInjector, redis: Service) -> None:
    undo = loop.prepare(LOOP, redis, new_lease_id())
    with pytest.raises(ReaperMissing):
        loop.inject(undo)
    assert not helpers_of(undo.data["lease"])
    assert process_of(stack, "redis").is_alive()


def test_what_it_cannot_do_it_refuses_in_one_line(stack: RunningStack, loop: CrashLoopInjector) -> None:
    refused = {
        "is an edge": stack.catalogue.target("worker.redis"),
        "postgres does not run": Service("postgres", on_loopback(9), "", ""),
    }
    for why, target in refused.items():
        capability = loop.can(LOOP, target)
        assert not capability
        assert why in capability.why
        assert capability.remedy
        with pytest.raises(TargetUnfit) as caught:
            loop.prepare(LOOP, target, new_lease_id())
        assert "\n" not in str(caught.value)


def test_without_a_stack_there_is_nothing_to_bring_back(
    loop: CrashLoopInjector, redis: Service, tmp_path: Path
) -> None:
    undo = loop.prepare(LOOP, redis, new_lease_id())
    elsewhere = CrashLoopInjector(Ground(tmp_path / ".chaos-aura", {}))
    assert "is not running" in elsewhere.can(LOOP, redis).why
    elsewhere.heal(undo)
    assert elsewhere.gone(undo).seen.endswith("no stack runs")
