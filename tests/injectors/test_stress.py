"""Every kind of stress keeps the injectors' contract."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from grounds import ground_of
from lasting_cases import case_of, case_on_redis, fault_of
from standing_reaper import helpers_in, standing_reaper
from store_witnesses import is_flooded
from witnesses import burns, holds_memory, starts

from chaos_aura.core.errors import ReaperMissing
from chaos_aura.core.lease import new_lease_id
from chaos_aura.faults.contract import Case, InjectorContract
from chaos_aura.faults.lasting.find import helpers_of
from chaos_aura.stack.running import RunningStack
from injectors.stress import StressInjector

FAULTS = {
    "cpu_burn": fault_of("cpu_burn", cores=1, percent=20),
    "memory_fill": fault_of("memory_fill", size_mb=64),
    "process_churn": fault_of("process_churn", rate_per_s=50),
    "connection_flood": fault_of("connection_flood", connections=50),
    "connection_flood of an edge": fault_of("connection_flood", "worker.redis", connections=50),
}


@pytest.fixture
def as_reaper(stack: RunningStack) -> Iterator[None]:
    with standing_reaper(stack.project.home):
        yield


@pytest.mark.usefixtures("as_reaper")
class TestStress(InjectorContract):
    @pytest.fixture(params=FAULTS)
    def case(self, request: pytest.FixtureRequest, stack: RunningStack) -> Case:
        injector, fault = StressInjector(ground_of(stack)), FAULTS[request.param]
        if fault.kind == "connection_flood":
            return replace(case_on_redis(stack, injector, fault), hurts=is_flooded(stack, 50))
        home = stack.project.home
        hurts = {"cpu_burn": burns(home), "memory_fill": holds_memory(home, 64), "process_churn": starts(home, 50)}
        case = case_of(injector, fault, stack.catalogue.service("redis"), home)
        return replace(case, hurts=hurts[fault.kind])


@pytest.mark.parametrize("name", FAULTS)
def test_without_a_reaper_nothing_is_started(stack: RunningStack, name: str) -> None:
    injector, fault = StressInjector(ground_of(stack)), FAULTS[name]
    undo = injector.prepare(fault, stack.catalogue.target(fault.target), new_lease_id())
    with pytest.raises(ReaperMissing):
        injector.inject(undo)
    assert not helpers_of(undo.data["lease"])
    assert not helpers_in(stack.project.home)
