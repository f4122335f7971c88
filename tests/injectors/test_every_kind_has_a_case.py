"""Whatever an injector of ours does, the contract tries on it: a new kind without a case is found here."""

from collections.abc import Iterable
from pathlib import Path

import pytest
import test_cgroup
import test_clock
import test_crash_loop
import test_docker_acts
import test_docker_net_contract
import test_duty_cycle
import test_kafka_events
import test_limits
import test_neo4j_decisions
import test_platform_flags_injector
import test_process_injector
import test_redis_memory
import test_redis_store
import test_stress
import test_stress_disk
import test_toxiproxy_contract

from chaos_aura.faults.contract import InjectorContract
from chaos_aura.faults.fake import FakeInjector
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.injector import Injector
from chaos_aura.faults.registry import Registry

Kinds = Iterable[str]

# By injector: the suite, and the kinds of which its `case` is made.
TRIED: tuple[tuple[str, type[InjectorContract], Kinds], ...] = (
    ("process", test_process_injector.TestProcess, [kind for kind, *_ in test_process_injector.CASES.values()]),
    ("limits", test_limits.TestLimits, [kind for kind, *_ in test_limits.CASES.values()]),
    ("cgroup", test_cgroup.TestCgroup, [kind for kind, *_ in test_cgroup.CASES.values()]),
    ("redis-maxmemory", test_redis_memory.TestRedisMemory, ["memory_limit"]),
    ("toxiproxy", test_toxiproxy_contract.TestEachKindOnOneEdge, [kind for kind, *_ in test_toxiproxy_contract.KINDS]),
    ("stress", test_stress.TestStress, [fault.kind for fault in test_stress.FAULTS.values()]),
    ("stress", test_stress_disk.TestDiskFull, ["disk_full"]),
    ("duty-cycle", test_duty_cycle.TestDutyCycle, [test_duty_cycle.HALF.kind]),
    ("crash-loop", test_crash_loop.TestCrashLoop, [test_crash_loop.LOOP.kind]),
    ("redis", test_redis_store.TestContract, test_redis_store.KINDS_OF_IT),
    ("kafka", test_kafka_events.TestContract, ["poison_event"]),
    ("neo4j", test_neo4j_decisions.TestContract, [test_neo4j_decisions.fault_of().kind]),
    (
        "flags",
        test_platform_flags_injector.TestContract,
        [fault.kind for fault in test_platform_flags_injector.FAULTS.values()],
    ),
    ("clock", test_clock.TestClock, ["clock_skew"]),
    ("docker", test_docker_acts.TestDocker, [kind for kind, _ in test_docker_acts.CASES.values()]),
    (
        "docker",
        test_docker_net_contract.TestDockerNetwork,
        [kind for kind, *_ in test_docker_net_contract.CASES.values()],
    ),
)
# With the reason.
NOT_TRIED: dict[tuple[str, str], str] = {
    ("docker", "latency"): "not every kernel has netem; where it has, test_docker_net_flow tries it"
}


@pytest.fixture
def ours(tmp_path: Path) -> list[Injector]:
    registry = Registry.installed(Ground(tmp_path, {}))
    assert not registry.broken
    return [each for each in registry.injectors if type(each).__module__.startswith("injectors.")]


def done(injectors: Iterable[Injector]) -> set[tuple[str, str]]:
    return {(injector.name, kind) for injector in injectors for kind in injector.kinds}


def tried() -> set[tuple[str, str]]:
    return {(name, kind) for name, _, kinds in TRIED for kind in kinds}


def test_every_kind_has_a_case(ours: list[Injector]) -> None:
    assert len(ours) > 10
    assert done(ours) - tried() == NOT_TRIED.keys()
    assert tried() <= done(ours)


def test_one_without_a_case_is_found(ours: list[Injector], tmp_path: Path) -> None:
    assert done([*ours, FakeInjector(Ground(tmp_path, {}))]) - tried() == {("fake", "pretend"), *NOT_TRIED}
