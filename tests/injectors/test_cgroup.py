"""Control groups around running services: proven, seen to bite, taken away. As far as this machine lets us."""

import functools
import os
import re
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from awaiting import wait_until
from grounds import ground_of
from process_cases import (
    EDGE,
    VICTIM,
    WITHIN_S,
    Victim,
    bring_down,
    case_on,
    fault_of,
    healed,
    injected,
    victim_in,
)
from witnesses import is_in_a_tight_group

from chaos_aura.core.catalogue import Target
from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.fault import Capability, Fault, Undo
from chaos_aura.core.lease import new_lease_id
from chaos_aura.faults.contract import Case, InjectorContract
from chaos_aura.faults.ground import Ground
from chaos_aura.stack.doctor.group_rights import ControllerCheck
from chaos_aura.stack.doctor.scene import Scene
from chaos_aura.stack.running import RunningStack
from injectors.cgroup import CgroupInjector
from injectors.cgroup.controls import cpu_controls
from injectors.cgroup.group import Group
from injectors.cgroup.groups import Groups

THROTTLE = fault_of("cpu_throttle", "victim", percent=20)
CASES = {
    "processor of a JVM": ("cpu_throttle", "neo4j", {"percent": 50}),
    "processor of redis": ("cpu_throttle", "redis", {"percent": 10}),
    "memory of a JVM": ("memory_limit", "kafka", {"limit_mb": 2000}),
    "memory of redis": ("memory_limit", "redis", {"limit_mb": 64}),
}


@pytest.mark.timeout(300)
class TestCgroup(InjectorContract):
    @pytest.fixture(params=CASES)
    def case(self, request: pytest.FixtureRequest, stack: RunningStack) -> Case:
        kind, service, given = CASES[request.param]
        case = case_on(stack, CgroupInjector(ground_of(stack)), kind, service, **given)
        _must_be_possible(case.injector.can(case.fault, case.target))
        return replace(case, hurts=is_in_a_tight_group(stack, case.fault))


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Victim]:
    with victim_in(tmp_path) as made:
        yield made


class Noting(CgroupInjector):
    """Knows which groups are its own: other stacks of this machine make theirs at the same place."""

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self.groups: list[Path] = []

    def prepare(self, fault: Fault, target: Target, lease_id: str) -> Undo:
        undo = super().prepare(fault, target, lease_id)
        self.groups.append(Path(undo.data["group"]))
        return undo


@pytest.fixture
def injector(victim: Victim) -> Iterator[CgroupInjector]:
    """Nothing of ours may be left where the victim was, whatever the test did."""
    injector = Noting(victim.ground)
    _must_be_possible(injector.can(THROTTLE, VICTIM))
    places = [Groups().place_for(victim.process().pid, controller).parent for controller in ("cpu", "memory")]
    yield injector
    assert [left for left in injector.groups if left.exists()] == []
    assert [left for place in places for left in place.glob(f"chaos-aura-trial-{os.getpid()}-*")] == []


def test_it_gets_so_much_of_a_processor_and_no_more(victim: Victim, injector: CgroupInjector) -> None:
    undo = injected(injector, fault_of("cpu_throttle", "victim", percent=5), VICTIM)
    assert injector.in_force(undo).facts["held_back"] == 0

    def is_held_back() -> bool:
        """On a busy machine it may not even get that much."""
        assert _share_of_a_processor(victim) < 0.1
        return bool(injector.in_force(undo).facts["held_back"] > 3)

    wait_until(is_held_back, WITHIN_S, "it is held back again and again")
    healed(injector, undo)
    wait_until(lambda: _share_of_a_processor(victim) > 0.1, 30, "it gets more, on a machine that may be busy")


def test_beyond_its_memory_it_is_killed(victim: Victim, injector: CgroupInjector) -> None:
    """What it owned before is counted, although the kernel leaves that with its former group."""
    victim.ask("take", 60)
    process = victim.process()
    undo = injected(injector, fault_of("memory_limit", "victim", limit_mb=120), VICTIM)
    assert injector.in_force(undo).facts["owned_bytes"] > 60 << 20
    victim.ask("take", 20)
    assert injector.in_force(undo)
    with pytest.raises(TimeoutError):
        victim.ask("take", 60, within_s=3)
    wait_until(lambda: not process.is_alive(), WITHIN_S, "it was killed")
    assert not injector.in_force(undo)
    healed(injector, undo)


def test_a_limit_below_what_it_has_is_refused(victim: Victim, injector: CgroupInjector) -> None:
    victim.ask("take", 60)
    with pytest.raises(TargetUnfit, match=r"victim: has \d+ MB already: with 40 MB .* at once; ask for \d+ MB or more"):
        injector.prepare(fault_of("memory_limit", "victim", limit_mb=40), VICTIM, new_lease_id())
    assert victim.ask("take", 1) == "taken"


def test_its_children_are_in_it_too_and_go_back(victim: Victim, injector: CgroupInjector) -> None:
    former = Groups().group_of(victim.process().pid, "cpu")
    early = victim.spawn("away")
    undo = injector.prepare(THROTTLE, VICTIM, new_lease_id())
    late = victim.spawn()
    injector.inject(undo)
    last = victim.spawn("away")
    family = (victim.process(), early, late, last)
    assert {Groups().group_of(process.pid, "cpu") for process in family} == {Path(undo.data["group"])}
    assert injector.in_force(undo)
    healed(injector, undo)
    assert {Groups().group_of(process.pid, "cpu") for process in family} == {former}


def test_one_process_outside_is_not_in_force(victim: Victim, injector: CgroupInjector) -> None:
    child = victim.spawn()
    undo = injected(injector, THROTTLE, VICTIM)
    _put(child.pid, Path(undo.data["former"]))
    assert f"process {child.pid}: not in" in injector.in_force(undo).seen
    healed(injector, undo)


def test_a_limit_that_somebody_has_lifted_is_not_in_force(victim: Victim, injector: CgroupInjector) -> None:
    undo = injected(injector, THROTTLE, VICTIM)
    control = undo.data["controls"][-1]
    file = Path(undo.data["group"]) / control["file"]
    file.write_text(control["value"].replace("20000", "30000"), encoding="ascii")
    proof = injector.in_force(undo)
    assert not proof
    assert "30000" in proof.seen
    healed(injector, undo)


def test_a_scattered_family_is_refused(victim: Victim, injector: CgroupInjector) -> None:
    child = victim.spawn()
    with _group_of_strangers(victim) as strangers:
        strangers.take_in([child])
        with pytest.raises(TargetUnfit, match="its processes are in more than one control group"):
            injector.prepare(THROTTLE, VICTIM, new_lease_id())
        assert Groups().group_of(child.pid, "cpu") == strangers.folder


def test_one_that_has_less_already_is_refused(victim: Victim, injector: CgroupInjector) -> None:
    with _group_of_strangers(victim, percent=10) as strangers:
        strangers.take_in([victim.process()])
        why = injector.can(THROTTLE, VICTIM).why
        assert re.search(r"no control group for victim: .*(quota_us does not take 20000|cpu.max of its own)", why)


def test_one_that_died_after_preparing_leaves_no_group(victim: Victim, injector: CgroupInjector) -> None:
    undo = injector.prepare(THROTTLE, VICTIM, new_lease_id())
    former = victim.process()
    os.kill(former.pid, signal.SIGKILL)
    wait_until(lambda: victim.process() != former, 20, "it has a successor")
    with pytest.raises(TargetUnfit, match="ended before the fault could be injected"):
        injector.inject(undo)
    healed(injector, undo)


def test_with_the_stack_down_the_group_goes(victim: Victim, injector: CgroupInjector) -> None:
    undo = injected(injector, THROTTLE, VICTIM)
    bring_down(victim)
    assert Path(undo.data["group"]).exists()
    assert "is dead" in healed(injector, undo)


def test_the_command_by_hand_takes_it_away(victim: Victim, injector: CgroupInjector) -> None:
    undo = injected(injector, THROTTLE, VICTIM)
    assert os.system(undo.by_hand) == 0
    assert injector.gone(undo)


def test_a_dead_trial_is_cleared_away(victim: Victim, injector: CgroupInjector) -> None:
    parent = Groups().place_for(victim.process().pid, "cpu").parent
    left = [parent / f"chaos-aura-trial-{os.getpid()}-{end}" for end in ("1", "1-7")]  # of one with this number before
    for each in left:
        each.mkdir()
    assert CgroupInjector(victim.ground).can(THROTTLE, VICTIM)
    assert not any(each.exists() for each in left)


def test_several_may_ask_at_once(victim: Victim, injector: CgroupInjector) -> None:
    """Each tries it anew. Nobody may take the trial of another away: that looked like a machine that cannot."""
    asking = [CgroupInjector(victim.ground) for _ in range(80)]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda one: one.can(THROTTLE, VICTIM), asking))
    assert {answer.why for answer in answers} == {""}


def test_a_path_has_no_group(injector: CgroupInjector) -> None:
    fault = fault_of("cpu_throttle", EDGE.name)
    assert "a path has no process" in injector.can(fault, EDGE).why


def _share_of_a_processor(victim: Victim) -> float:
    began_s = time.monotonic()
    return float(victim.ask("spin", 1)) / (time.monotonic() - began_s)


@contextmanager
def _group_of_strangers(victim: Victim, percent: int = 100) -> Iterator[Group]:
    place = Groups().place_for(victim.process().pid, "cpu")
    group = Group(place.parent / f"strangers-{os.getpid()}")
    group.make(cpu_controls(place.version, percent))
    try:
        yield group
    finally:
        group.remove(place.former)


def _put(pid: int, folder: Path) -> None:
    (folder / "cgroup.procs").write_text(str(pid), encoding="ascii")


def _must_be_possible(capability: Capability) -> None:
    """Where the doctor could limit a process of its own, by files that it writes itself."""
    if lacking := _doctors_finding():
        pytest.skip(lacking)
    assert capability, capability.why


@functools.cache
def _doctors_finding() -> str:
    return "; ".join(
        f"{finding.subject}: {finding.seen}"
        for controller in ("cpu", "memory")
        for finding in ControllerCheck(controller)(cast(Scene, None))  # it looks at the machine only
        if not finding.is_ok
    )
