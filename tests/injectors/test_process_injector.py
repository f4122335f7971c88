"""Processes of the real stack ended and frozen: proven, healed by anybody, and refused where they cannot be hurt."""

from dataclasses import replace
from pathlib import Path

import pytest
from grounds import ground_of
from process_cases import EDGE, case_on, fault_of
from witnesses import is_frozen, is_kept_down

from chaos_aura.core.errors import StackDown, TargetUnfit
from chaos_aura.core.lease import new_lease_id
from chaos_aura.faults.contract import Case, InjectorContract
from chaos_aura.faults.ground import Ground
from chaos_aura.stack.running import RunningStack
from chaos_aura.supervision.state import ChildState
from injectors.process import ProcessInjector

CASES = {
    "kill": ("kill", "redis", {}),
    "kill, and stay down": ("kill", "toxiproxy", {"comes_back": False}),
    "stop": ("stop", "redis", {"grace_s": 5}),
    "restart": ("restart", "redis", {"grace_s": 5}),
    "pause redis": ("pause", "redis", {}),
    "pause a JVM": ("pause", "kafka", {}),  # ended as Redis is: what starts slowly shows no more
}


@pytest.mark.timeout(300)
class TestProcess(InjectorContract):
    @pytest.fixture(params=CASES)
    def case(self, request: pytest.FixtureRequest, stack: RunningStack) -> Case:
        kind, service, given = CASES[request.param]
        case = case_on(stack, ProcessInjector(ground_of(stack)), kind, service, **given)
        if case.is_momentary:
            return case
        return replace(case, hurts=(is_frozen if kind == "pause" else is_kept_down)(stack, service))


def test_a_paused_jvm_is_frozen_in_every_thread(stack: RunningStack) -> None:
    case = case_on(stack, ProcessInjector(ground_of(stack)), "pause", "neo4j")
    undo = case.injected()
    try:
        proof = case.injector.in_force(undo)
        assert proof.facts["threads_stopped"] == proof.facts["threads"] > 20
    finally:
        case.healed(undo)
    assert case.injector.gone(undo).facts["threads_stopped"] == 0


def test_a_path_has_no_process(stack: RunningStack) -> None:
    edge = stack.catalogue.edges_into("kafka")[0]
    capability = ProcessInjector(ground_of(stack)).can(fault_of("kill", edge.name), edge)
    assert not capability
    assert (capability.why, capability.remedy) == ("a path has no process", "name the service: kafka")


@pytest.mark.parametrize("kind", ["kill", "pause", "stop", "restart"])
def test_one_that_does_not_run_is_refused_with_its_state(stack: RunningStack, kind: str) -> None:
    case = case_on(stack, ProcessInjector(ground_of(stack)), kind, "redis")
    assert case.remove
    case.remove()
    try:
        assert case.injector.can(case.fault, case.target)
        with pytest.raises(TargetUnfit, match=r"redis: does not run: it is stopped .*; run: chaos-aura up"):
            case.prepared()
        assert stack.supervisor.children()["redis"].state is ChildState.STOPPED
    finally:
        case.restore()


def test_without_a_stack_there_is_nothing_to_hurt(stack: RunningStack, tmp_path: Path) -> None:
    injector = ProcessInjector(Ground(tmp_path / "nothing", {}))
    target = stack.catalogue.service("redis")
    fault = fault_of("kill", "redis")
    capability = injector.can(fault, target)
    assert not capability
    assert capability.remedy == "run: chaos-aura up"
    assert not injector.can(fault, EDGE)
    with pytest.raises(StackDown):
        injector.prepare(fault, target, new_lease_id())
