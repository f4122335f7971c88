"""Toxiproxy itself hangs, dies or comes back while a fault lasts."""

import os
import signal
import time
from dataclasses import replace

import pytest
from awaiting import wait_until
from hurting import is_well, paused, process_of, runs_anew
from toxiproxy_cases import case_of, says, stop_toxiproxy, toxics_on

from chaos_aura.core.errors import ChaosAuraError, TargetUnfit
from chaos_aura.core.fault import Undo
from chaos_aura.faults.contract import Case
from chaos_aura.stack.running import RunningStack

EDGE = "worker.redis"
LONGEST_S = 20.0  # 5 are the promise, and this process may be kept from the processor besides


def kill_and_await(stack: RunningStack) -> None:
    former = process_of(stack, "toxiproxy")
    os.kill(former.pid, signal.SIGKILL)
    wait_until(lambda: runs_anew(stack, "toxiproxy", former) and is_well(stack), 60, "toxiproxy is well again")


@pytest.mark.parametrize(("kind", "target"), [("partition", EDGE), ("latency", "redis")])
def test_one_that_hangs_is_an_error_in_time_and_heals_afterwards(stack: RunningStack, kind: str, target: str) -> None:
    case = case_of(stack, kind, target)
    undo = case.injected()
    with paused(stack, "toxiproxy"):
        for ask in (case.injector.heal, case.injector.gone, case.injector.in_force):
            started_s = time.monotonic()
            with pytest.raises(TargetUnfit, match="no answer within 1 s"):
                ask(undo)
            assert time.monotonic() - started_s < LONGEST_S
    case.healed(undo)
    assert toxics_on(stack, EDGE) == {}


def test_the_error_names_every_edge_and_what_to_do(stack: RunningStack) -> None:
    case = case_of(stack, "latency", "redis")
    undo = case.injected()
    with paused(stack, "toxiproxy") as process, pytest.raises(TargetUnfit) as failed:
        case.injector.heal(undo)
    assert str(failed.value).startswith("edges api.redis, worker.redis, projection.redis: not healed: toxiproxy at ")
    assert "curl -sS -X DELETE" in failed.value.remedy
    assert f"kill -9 {process.pid}" in failed.value.remedy
    case.healed(undo)


def test_preparing_and_injecting_end_in_time_when_it_hangs(stack: RunningStack) -> None:
    case = case_of(stack, "latency", EDGE)
    undo = case.prepared()
    with paused(stack, "toxiproxy"):
        started_s = time.monotonic()
        with pytest.raises(ChaosAuraError, match="no answer"):
            case.prepared()
        with pytest.raises(ChaosAuraError, match="no answer"):
            case.injector.inject(undo)
        assert time.monotonic() - started_s < LONGEST_S
    # What was sent may land after a heal: so it is healed until it stays gone for as long as the injector says.
    gone_since_s = time.monotonic()
    while time.monotonic() - gone_since_s < case.injector.settle_s:
        case.injector.heal(undo)
        if not case.injector.gone(undo):
            gone_since_s = time.monotonic()
    assert toxics_on(stack, EDGE) == {}


@pytest.mark.parametrize("how", ["silent", "refused"])
def test_killed_and_restarted_it_has_forgotten_everything(stack: RunningStack, how: str) -> None:
    case = case_of(stack, "partition", EDGE, how=how)
    undo = case.injected()
    kill_and_await(stack)
    assert not case.injector.in_force(undo)
    case.healed(undo)
    assert says(lambda: case.injector.gone(undo), "nothing of it is read back")


def test_what_landed_on_its_successor_is_healed_too(stack: RunningStack) -> None:
    case = case_of(stack, "latency", EDGE)
    undo = case.prepared()
    kill_and_await(stack)
    case.injector.inject(undo)
    assert not says(lambda: case.injector.gone(undo), "still on it: latency")
    case.healed(undo)
    assert toxics_on(stack, EDGE) == {}


def stopped(stack: RunningStack, case: Case, undo: Undo) -> None:
    stop_toxiproxy(stack)
    case.injector.heal(undo)
    proof = case.injector.gone(undo)
    assert proof
    assert "Toxiproxy has ended" in proof.seen
    assert not case.injector.in_force(undo)


@pytest.mark.parametrize("process_is_known", [True, False])
def test_stopped_it_has_ended_with_all_its_toxics(stack: RunningStack, process_is_known: bool) -> None:
    case = case_of(stack, "latency", EDGE)
    undo = case.injected()
    if not process_is_known:
        undo = replace(undo, data={**undo.data, "process": ""})
    try:
        stopped(stack, case, undo)
    finally:
        stack.supervisor.start("toxiproxy")
        wait_until(lambda: is_well(stack), 60, "all is healthy again")


def test_one_that_hangs_is_not_gone_when_its_process_is_unknown(stack: RunningStack) -> None:
    case = case_of(stack, "latency", EDGE)
    undo = case.injected()
    unknown = replace(undo, data={**undo.data, "process": ""})
    with paused(stack, "toxiproxy"), pytest.raises(TargetUnfit, match="no answer within 1 s"):
        case.injector.gone(unknown)
    case.healed(unknown)
