"""Throttling by stopping and continuing: it holds to its share, and nothing ever stays stopped."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from awaiting import wait_until
from grounds import ground_of
from hurting import is_stopped, process_of, unwell
from lasting_cases import (
    WITHIN_S,
    busy_process,
    case_on_redis,
    fault_of,
    held_still,
    helper_of,
    in_force,
    injected,
    must_hold,
    used_s,
)
from standing_reaper import helpers_in
from witnesses import is_frozen_at_times

from chaos_aura.core.address import on_loopback
from chaos_aura.core.catalogue import Service
from chaos_aura.core.errors import ReaperMissing, TargetUnfit
from chaos_aura.core.fault import Undo
from chaos_aura.core.lease import new_lease_id
from chaos_aura.core.process import ProcessId
from chaos_aura.faults.contract import Case, InjectorContract
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.lasting.find import helpers_of
from chaos_aura.stack.running import RunningStack
from injectors.duty_cycle import DutyCycleInjector

HALF = fault_of("cpu_throttle", percent=50)
_FOREVER_STOPPED_S = 0.3
_STOPS = 20
_STRAYS = """
import os, signal
if stray := os.fork():
    os.setpgid(stray, 0)
    print(stray, flush=True)
signal.pause()
"""


@pytest.fixture
def duty(stack: RunningStack) -> DutyCycleInjector:
    return DutyCycleInjector(ground_of(stack))


@pytest.mark.usefixtures("reaper")
class TestDutyCycle(InjectorContract):
    @pytest.fixture
    def case(self, stack: RunningStack, duty: DutyCycleInjector) -> Case:
        return replace(case_on_redis(stack, duty, HALF), hurts=is_frozen_at_times(stack, "redis"))


def goes_on(process: ProcessId, for_s: float = _FOREVER_STOPPED_S) -> bool:
    """It is not stopped at any look."""
    ends_s = time.monotonic() + for_s
    while time.monotonic() < ends_s:
        if is_stopped(process):
            return False
        time.sleep(0.005)
    return True


def killed_while_its_target_is_stopped(undo: Undo, target: ProcessId) -> None:
    """The helper is held still at a moment in which the target is stopped."""
    helper = helper_of(undo)

    def caught() -> bool:
        os.kill(helper.pid, signal.SIGSTOP)
        wait_until(lambda: is_stopped(helper), WITHIN_S, "the helper is held still")
        if is_stopped(target):
            return True
        os.kill(helper.pid, signal.SIGCONT)
        return False

    wait_until(caught, WITHIN_S, "both are stopped")
    os.kill(helper.pid, signal.SIGKILL)
    wait_until(lambda: not helper.is_alive(), WITHIN_S, "the helper is dead")


@pytest.mark.usefixtures("reaper")
def test_it_answers_and_is_stopped_again(stack: RunningStack, duty: DutyCycleInjector, redis: Service) -> None:
    with in_force(duty, HALF, redis) as undo:
        wait_until(lambda: "redis" not in unwell(stack), WITHIN_S, "it answers")
        assert must_hold(duty, undo).facts["stops"] > 0
    assert goes_on(process_of(stack, "redis"))


def test_its_target_goes_on_after_the_reapers_end(
    stack: RunningStack, duty: DutyCycleInjector, redis: Service, reaper: "subprocess.Popen[bytes]"
) -> None:
    undo = injected(duty, HALF, redis)
    must_hold(duty, undo)
    reaper.kill()
    wait_until(lambda: not helpers_in(stack.project.home), WITHIN_S, "the helper has ended")
    assert goes_on(process_of(stack, "redis"))
    assert duty.gone(undo)


@pytest.mark.usefixtures("reaper")
def test_it_heals_what_a_killed_helper_has_left_stopped(
    stack: RunningStack, duty: DutyCycleInjector, redis: Service
) -> None:
    undo, process = injected(duty, HALF, redis), process_of(stack, "redis")
    try:
        must_hold(duty, undo)
        killed_while_its_target_is_stopped(undo, process)
        assert is_stopped(process)
        assert duty.in_force(undo).seen.startswith("no helper lives")
        proof = duty.gone(undo)
        assert not proof
        assert "is still stopped" in proof.seen
    finally:
        duty.heal(undo)
    assert duty.gone(undo)
    assert goes_on(process)


@pytest.mark.usefixtures("reaper")
def test_it_can_be_healed_by_hand(stack: RunningStack, duty: DutyCycleInjector, redis: Service) -> None:
    undo = injected(duty, HALF, redis)
    try:
        must_hold(duty, undo)
        subprocess.run(["sh", "-c", undo.by_hand], check=True)
        wait_until(lambda: duty.gone(undo), WITHIN_S, "it is gone")
        assert goes_on(process_of(stack, "redis"))
    finally:
        duty.heal(undo)


@pytest.mark.usefixtures("reaper")
def test_a_helper_that_is_held_still_is_noticed(duty: DutyCycleInjector, redis: Service) -> None:
    with in_force(duty, HALF, redis) as undo, held_still(helper_of(undo)):
        os.kill(ProcessId.parse(undo.data["process"]).pid, signal.SIGCONT)
        proof = duty.in_force(undo)
        assert not proof
        assert "was stopped at 0 of" in proof.seen


@pytest.mark.parametrize(("threads", "percent"), [(1, 30), (3, 20)])
def test_a_busy_process_gets_its_share_and_no_more(
    stack: RunningStack, reaper: "subprocess.Popen[bytes]", threads: int, percent: int
) -> None:
    with busy_process(threads) as busy:
        duty = DutyCycleInjector(_GroundOf(stack, busy))
        with in_force(
            duty, fault_of("cpu_throttle", percent=percent), Service("redis", on_loopback(9), "", "")
        ) as undo:
            began_s, before = time.monotonic(), used_s(busy)
            former = duty.in_force(undo).facts["stops"]
            wait_until(lambda: duty.in_force(undo).facts["stops"] > former + _STOPS, WITHIN_S, "many cycles")

            def has_its_share() -> bool:
                """What it got while its helper was late for a stop is taken back in that stop."""
                return 0 < (used_s(busy) - before) / (time.monotonic() - began_s) < percent / 100 * 2

            wait_until(has_its_share, WITHIN_S, "it has got its share and no more")
            must_hold(duty, undo)  # and this by how much
        assert goes_on(busy)


class _GroundOf(Ground):
    """Where every service is that process."""

    def __init__(self, stack: RunningStack, process: ProcessId) -> None:
        super().__init__(stack.project.home, dict(os.environ))
        object.__setattr__(self, "_process", process)

    def process_of(self, service: str) -> ProcessId | None:
        process: ProcessId = self._process  # type: ignore[attr-defined]
        return process


def test_without_a_reaper_nothing_is_started(duty: DutyCycleInjector, redis: Service) -> None:
    undo = duty.prepare(HALF, redis, new_lease_id())
    with pytest.raises(ReaperMissing):
        duty.inject(undo)
    assert not helpers_of(undo.data["lease"])


def test_what_it_cannot_do_it_refuses_in_one_line(stack: RunningStack, duty: DutyCycleInjector, redis: Service) -> None:
    refused = {
        "is an edge": (HALF, stack.catalogue.target("worker.redis")),
        "proves no share above 90 %": (fault_of("cpu_throttle", percent=95), redis),
        "postgres does not run": (HALF, Service("postgres", on_loopback(9), "", "")),
    }
    for why, (fault, target) in refused.items():
        capability = duty.can(fault, target)
        assert not capability
        assert why in capability.why
        assert capability.remedy
        with pytest.raises(TargetUnfit) as caught:
            duty.prepare(fault, target, new_lease_id())
        assert "\n" not in str(caught.value)


def test_one_whose_part_would_go_on_at_full_speed_is_refused(stack: RunningStack) -> None:
    """A stop reaches one process group, and this child has another."""
    with subprocess.Popen([sys.executable, "-c", _STRAYS], start_new_session=True, stdout=subprocess.PIPE) as one:
        leader = ProcessId.of(one.pid)
        assert leader
        assert one.stdout
        stray = int(one.stdout.readline())
        try:
            capability = DutyCycleInjector(_GroundOf(stack, leader)).can(HALF, Service("redis", on_loopback(9), "", ""))
        finally:
            os.kill(stray, signal.SIGKILL)
            one.kill()
    assert not capability
    assert capability.why.startswith(f"process {stray} of redis is in another process group")
    assert "control groups" in capability.remedy


def test_every_service_of_the_stack_can_be_throttled(stack: RunningStack, duty: DutyCycleInjector) -> None:
    answers = {service.name: duty.can(HALF, service) for service in stack.catalogue.services}
    assert {name: answer.why for name, answer in answers.items() if not answer} == {}


def test_without_a_stack_it_says_so_and_still_heals(duty: DutyCycleInjector, redis: Service, tmp_path: Path) -> None:
    undo = duty.prepare(HALF, redis, new_lease_id())
    elsewhere = DutyCycleInjector(Ground(tmp_path / ".chaos-aura", {}))
    assert "is not running" in elsewhere.can(HALF, redis).why
    elsewhere.heal(undo)
    assert elsewhere.gone(undo)
