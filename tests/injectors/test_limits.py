"""Limits of running processes lowered and given back: proven, seen to bite, and refused where they would kill."""

import os
import resource
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from awaiting import wait_until
from grounds import ground_of
from hurting import is_well, process_of, runs_anew, unwell
from process_cases import (
    EDGE,
    VICTIM,
    Victim,
    as_nobody,
    bring_down,
    case_on,
    fault_of,
    healed,
    injected,
    victim_in,
)
from witnesses import has_limit

from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.lease import new_lease_id
from chaos_aura.core.process import ProcessId
from chaos_aura.faults.contract import Case, InjectorContract
from chaos_aura.stack.running import RunningStack
from injectors.limits import LimitsInjector
from injectors.limits.resource_limit import OPEN_FILES

CASES = {
    "files of a worker": ("fd_limit", "worker", {"limit": 20}),
    "files of a JVM": ("fd_limit", "kafka", {"limit": 1000}),
    "file size of a worker": ("file_size_limit", "worker", {"limit_kb": 1}),
    "file size of a JVM": ("file_size_limit", "kafka", {"limit_kb": 100_000}),
}
Soft = tuple[int, int]


@pytest.mark.timeout(300)
class TestLimits(InjectorContract):
    @pytest.fixture(params=CASES)
    def case(self, request: pytest.FixtureRequest, stack: RunningStack) -> Case:
        kind, service, given = CASES[request.param]
        case = case_on(stack, LimitsInjector(ground_of(stack)), kind, service, **given)
        if kind == "fd_limit":
            return replace(case, hurts=has_limit(stack, service, resource.RLIMIT_NOFILE, given["limit"]))
        return replace(case, hurts=has_limit(stack, service, resource.RLIMIT_FSIZE, given["limit_kb"] << 10))


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Victim]:
    with victim_in(tmp_path) as made:
        yield made


@pytest.fixture
def injector(victim: Victim) -> LimitsInjector:
    return LimitsInjector(victim.ground)


@pytest.mark.parametrize("service", ["neo4j", "temporal", "toxiproxy", "api", "worker", "projection"])
def test_what_survives_it_lives_on_with_a_file_size_limit(stack: RunningStack, service: str) -> None:
    """Those that catch or ignore the signal; each has a log at least that is beyond the limit.

    Kafka survives the signal too, but ends itself when it cannot write to the only folder of its records.
    """
    process = process_of(stack, service)
    case = case_on(stack, LimitsInjector(ground_of(stack)), "file_size_limit", service, limit_kb=0)
    undo = case.injected()
    try:
        proof = case.injector.in_force(undo)
        assert proof.facts["full_files"] == proof.facts["written_files"] > 0
        stack.health()
    finally:
        case.healed(undo)
    assert process_of(stack, service) == process
    restart_if_it_asks_for_it(stack, service)


def restart_if_it_asks_for_it(stack: RunningStack, service: str) -> None:
    """A Neo4j that wanted to write meanwhile lives, and says that it must be restarted. Any late write is enough."""
    if "needs to be restarted" in unwell(stack).get(service, ""):
        process = process_of(stack, service)
        os.kill(process.pid, signal.SIGKILL)
        wait_until(lambda: runs_anew(stack, service, process) and is_well(stack), 90, f"{service} is well again")


def test_redis_would_be_killed_by_a_file_size_limit(stack: RunningStack) -> None:
    process = process_of(stack, "redis")
    case = case_on(stack, LimitsInjector(ground_of(stack)), "file_size_limit", "redis", limit_kb=1)
    capability = case.injector.can(case.fault, case.target)
    assert not capability
    assert "redis neither ignores nor catches SIGXFSZ" in capability.why
    assert capability.remedy == "use disk_full or kill"
    with pytest.raises(TargetUnfit, match="would kill it; use disk_full or kill"):
        case.prepared()
    assert resource.prlimit(process.pid, resource.RLIMIT_FSIZE) == (resource.RLIM_INFINITY,) * 2


def test_no_more_files_can_be_opened(victim: Victim, injector: LimitsInjector) -> None:
    are_open = len(list(Path(f"/proc/{victim.process().pid}/fd").iterdir()))
    undo = injected(injector, fault_of("fd_limit", "victim", limit=are_open + 2), VICTIM)
    assert injector.in_force(undo).facts == {"soft": are_open + 2, "open": are_open, "can_be_opened": 2}
    assert [victim.ask("open_one") for _ in range(3)] == ["opened", "opened", "EMFILE"]
    assert "none more can be opened" in injector.in_force(undo).seen
    healed(injector, undo)
    assert victim.ask("open_one") == "opened"


def test_no_file_grows_beyond_it(victim: Victim, injector: LimitsInjector) -> None:
    assert victim.ask("write", 3000) == "3000"
    undo = injected(injector, fault_of("file_size_limit", "victim", limit_kb=4), VICTIM)
    assert [victim.ask("write", 3000), victim.ask("write", 3000)] == ["1096", "EFBIG"]
    healed(injector, undo)
    assert victim.ask("write", 3000) == "3000"


def test_one_that_the_signal_would_kill_is_refused(victim: Victim, injector: LimitsInjector) -> None:
    victim.ask("settle", int(signal.SIGXFSZ), "SIG_DFL")
    fault = fault_of("file_size_limit", "victim", limit_kb=4)
    assert not injector.can(fault, VICTIM)
    with pytest.raises(TargetUnfit, match="neither ignores nor catches SIGXFSZ"):
        injector.prepare(fault, VICTIM, new_lease_id())
    assert victim.ask("write", 8000) == "8000"


def test_its_children_have_it_too_and_are_healed(victim: Victim, injector: LimitsInjector) -> None:
    fault, former = fault_of("fd_limit", "victim", limit=30), _files(victim.process())
    child = victim.spawn("away")
    undo = injected(injector, fault, VICTIM)
    late = victim.spawn()
    family = (victim.process(), child, late)
    assert [_files(process)[0] for process in family] == [30, 30, 30]
    healed(injector, undo)
    assert [_files(process) for process in family] == [former] * 3


def test_what_somebody_else_has_set_meanwhile_stays(victim: Victim, injector: LimitsInjector) -> None:
    undo = injected(injector, fault_of("fd_limit", "victim", limit=30), VICTIM)
    process = victim.process()
    hard = _files(process)[1]
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (77, hard))
    assert not injector.in_force(undo)
    assert "reads 77" in healed(injector, undo)
    assert _files(process) == (77, hard)


def test_a_limit_that_takes_nothing_or_cannot_be_is_refused(victim: Victim, injector: LimitsInjector) -> None:
    process = victim.process()
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (100, 200))
    for limit, why in [(100, "is 100 already"), (150, "is 100 already"), (300, "may be 200 at most, not 300")]:
        with pytest.raises(TargetUnfit, match=why):
            injector.prepare(fault_of("fd_limit", "victim", limit=limit), VICTIM, new_lease_id())
    assert _files(process) == (100, 200)


def test_the_command_by_hand_gives_it_back(victim: Victim, injector: LimitsInjector) -> None:
    former = _files(victim.process())
    undo = injected(injector, fault_of("fd_limit", "victim", limit=30), VICTIM)
    assert os.system(undo.by_hand) == 0
    assert injector.gone(undo)
    assert _files(victim.process()) == former


def test_one_that_died_after_preparing_gives_its_successor_no_limit(victim: Victim, injector: LimitsInjector) -> None:
    undo = injector.prepare(fault_of("fd_limit", "victim", limit=30), VICTIM, new_lease_id())
    former = victim.process()
    os.kill(former.pid, signal.SIGKILL)
    wait_until(lambda: victim.process() != former, 20, "it has a successor")
    with pytest.raises(TargetUnfit, match="ended before the fault could be injected"):
        injector.inject(undo)
    assert _files(victim.process())[0] != 30


def test_the_process_of_another_user_is_told(victim: Victim) -> None:
    process = victim.process()
    with as_nobody(), pytest.raises(TargetUnfit, match=f"process {process.pid}: its limit nofile cannot be reached"):
        OPEN_FILES.set_soft(process, 30)
    assert _files(process)[0] != 30


def test_with_the_stack_down_it_is_gone(victim: Victim, injector: LimitsInjector) -> None:
    undo = injected(injector, fault_of("fd_limit", "victim", limit=30), VICTIM)
    bring_down(victim)
    assert "dead" in healed(injector, undo)
    assert not injector.can(fault_of("fd_limit", "victim", limit=30), VICTIM)


def test_a_path_has_no_limits(injector: LimitsInjector) -> None:
    assert "a path has no process" in injector.can(fault_of("fd_limit", EDGE.name, limit=30), EDGE).why


def _files(process: ProcessId) -> Soft:
    return resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
