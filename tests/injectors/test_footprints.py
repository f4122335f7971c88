"""Whom faults hurt and whom their healing needs: what must wait for another one waits, and no two for each other."""

from itertools import combinations

import pytest
from awaiting import wait_until
from engines import engine_on
from grounds import ground_of

from chaos_aura.core.catalogue import Target
from chaos_aura.core.fault import Fault, Footprint
from chaos_aura.core.kinds import KINDS
from chaos_aura.faults.healing import Ending
from chaos_aura.faults.injector import Injector
from chaos_aura.faults.registry import Registry
from chaos_aura.record.timeline import read_timeline
from chaos_aura.stack.running import RunningStack

_WITHIN_S = 60
_LASTS_S = 10  # so long a busy machine may take to ask for the healing of what this one is in the way of
_MUST_BE_SAID = {
    "memory_limit": {"limit_mb": 100},
    "clock_skew": {"offset_s": 60},
    "memory_fill": {"size_mb": 1},
    "pids_limit": {"limit": 100},
    "fd_limit": {"limit": 100},
    "file_size_limit": {"limit_kb": 1},
    "fail_agent": {"agent": "policy"},
    "slow_agent": {"agent": "policy"},
    "set_flag": {"flag": "sample", "value": "1"},
}


def footprint(stack: RunningStack, injector: str, kind: str, target: str) -> Footprint:
    return _of(Registry.installed(ground_of(stack)).named(injector), kind, stack.catalogue.target(target))


def _of(injector: Injector, kind: str, target: Target) -> Footprint:
    fault = Fault(kind, target.name, KINDS[kind].read(_MUST_BE_SAID.get(kind, {})), 10)
    return injector.footprint(fault, target)


@pytest.mark.parametrize("service", ["redis", "worker", "kafka"])
def test_a_clock_is_healed_when_its_service_can_tell_the_time(stack: RunningStack, service: str) -> None:
    assert footprint(stack, "clock", "clock_skew", service).needs == {service}


def test_a_limit_is_taken_back_by_redis_itself(stack: RunningStack) -> None:
    assert footprint(stack, "redis-maxmemory", "memory_limit", "redis").needs == {"redis"}


@pytest.mark.parametrize(
    ("injector", "kind", "target"),
    [
        ("process", "pause", "kafka"),
        ("process", "pause", "projection"),
        ("toxiproxy", "partition", "projection.kafka"),
        ("toxiproxy", "partition", "redis"),
    ],
)
def test_bad_events_are_passed_by_a_projection_that_can_read(
    stack: RunningStack, injector: str, kind: str, target: str
) -> None:
    needs = footprint(stack, "kafka", "poison_event", "kafka").needs
    assert needs & footprint(stack, injector, kind, target).hurts
    assert not needs & footprint(stack, "toxiproxy", "latency", "projection.kafka").hurts


@pytest.mark.parametrize("injector", ["cgroup", "duty-cycle"])
def test_nothing_waits_for_one_that_is_only_slow(stack: RunningStack, injector: str) -> None:
    assert not footprint(stack, injector, "cpu_throttle", "redis").hurts


def test_no_two_wait_for_each_other(stack: RunningStack) -> None:
    registry = Registry.installed(ground_of(stack))
    targets: tuple[Target, ...] = (*stack.catalogue.services, *stack.catalogue.edges)
    all_of_them = {
        f"{kind} of {target.name} by {injector.name}": _of(injector, kind, target)
        for injector in registry.injectors
        for kind in injector.kinds & KINDS.keys()
        for target in targets
    }
    both = [
        (one, other)
        for (one, its), (other, others) in combinations(all_of_them.items(), 2)
        if its.needs & others.hurts and others.needs & its.hurts and not its.writes & others.writes
    ]
    assert both == []


def test_a_skewed_clock_waits_for_the_end_of_a_longer_pause(stack: RunningStack) -> None:
    with engine_on(stack) as engine:
        skew = engine.inject(engine.fault("clock_skew", "redis", {"offset_s": 120}, 60))
        pause = engine.inject(engine.fault("pause", "redis", lasts_s=_LASTS_S))
        [waiting] = engine.heal([skew])
        assert waiting.ending is Ending.WAITING
        assert pause.id in waiting.why
        wait_until(lambda: not engine.ledger.open_leases(), _WITHIN_S, "the reaper has healed both")
    healed = _told(stack, "fault.healed")
    assert healed.index(pause.id) < healed.index(skew.id)
    assert not {skew.id, pause.id} & {*_told(stack, "fault.stuck")}


def _told(stack: RunningStack, event: str) -> list[str]:
    rows = read_timeline(stack.project.home / "faults" / "timeline.jsonl")
    return [row["lease"] for row in rows if row["event"] == event]
