"""Flags thrown and put back: only ours, also beside others', and the platform does what they say."""

import fcntl
import json
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from awaiting import wait_until
from driven_allocations import api_of
from grounds import ground_of
from hurting import process_of, runs_anew, unwell
from store_witnesses import says

from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import Service
from chaos_aura.core.errors import BadInput, ChaosAuraError, TargetUnfit
from chaos_aura.core.fault import Fault, Undo
from chaos_aura.core.kinds import KINDS
from chaos_aura.core.process import ProcessId
from chaos_aura.faults.contract import Case, InjectorContract
from chaos_aura.faults.ground import Ground
from chaos_aura.platform import flags as platform_flags
from chaos_aura.platform.council import council
from chaos_aura.platform.settings import Settings
from chaos_aura.stack.running import RunningStack
from injectors.flags import FlagsInjector, names

COST, FAIRNESS, PERFORMANCE = names.AGENTS
_WITHIN_S = 60
_NOT_FOR_EVER_S = 30  # 2 are the promise, and this process may be kept from the processor besides

pytestmark = pytest.mark.timeout(400)


def fault_of(kind: str, **given: object) -> Fault:
    return Fault(kind, "worker", KINDS[kind].read(given), lasts_s=30)


FAULTS = {
    "fail_agent": fault_of("fail_agent", agent=COST),
    "slow_agent": fault_of("slow_agent", agent=FAIRNESS, delay_s=1.5),
    "set_flag": fault_of("set_flag", flag="council_size", value="2"),
}


SAYS: dict[str, dict[str, Any]] = {
    "fail_agent": {"failing_agents": [COST]},
    "slow_agent": {"agent_delays_s": {FAIRNESS: 1.5}},
    "set_flag": {"council_size": 2},
}


@pytest.fixture
def flags_file(stack: RunningStack) -> Iterator[Path]:
    path = stack.project.home / "flags.json"
    yield path
    path.unlink(missing_ok=True)


@pytest.fixture(params=FAULTS)
def case(request: pytest.FixtureRequest, stack: RunningStack, flags_file: Path) -> Case:
    return replace(case_of(stack, FAULTS[request.param]), hurts=says(flags_file, SAYS[request.param]))


def case_of(stack: RunningStack, fault: Fault) -> Case:
    ends = fault.kind == "fail_agent"

    def restart() -> None:
        former = process_of(stack, "worker")
        stack.supervisor.restart("worker")
        wait_until(lambda: runs_anew(stack, "worker", former) and not unwell(stack), _WITHIN_S, "a new worker")

    def remove() -> None:
        stack.supervisor.stop("worker")
        wait_until(lambda: stack.supervisor.children()["worker"].process is None, _WITHIN_S, "the worker has ended")

    def restore() -> None:
        stack.supervisor.start("worker")
        wait_until(lambda: not unwell(stack), _WITHIN_S, "all is well")

    return Case(
        FlagsInjector(ground_of(stack)),
        fault,
        stack.catalogue.service("worker"),
        str(stack.project.home),
        restart=restart if ends else None,
        remove=remove if ends else None,
        restore=restore,
        why_not_ended="" if ends else "as with the flag of fail_agent, in the same file",
        in_force_within_s=_WITHIN_S,
        gone_within_s=_WITHIN_S,
        stays_when_restarted=True,
        heals_without_target=True,
    )


def put(flags_file: Path, document: object) -> None:
    """Whole at once: the platform looks at any moment, and tells of half a file that nobody can read it."""
    beside = flags_file.with_name("flags.json.put")
    beside.write_text(json.dumps(document))
    beside.replace(flags_file)


class TestContract(InjectorContract):
    pass


@pytest.mark.parametrize(
    ("fault", "missing"),
    [
        (fault_of("fail_agent", agent=COST), {COST}),
        (fault_of("slow_agent", agent=PERFORMANCE, delay_s=6), {PERFORMANCE}),
        (fault_of("set_flag", flag="council_size", value="1"), {FAIRNESS, PERFORMANCE}),
        (fault_of("set_flag", flag="failing_agents", value=f'["{COST}", "{FAIRNESS}"]'), {COST, FAIRNESS}),
    ],
    ids=["fail", "slow", "size", "list"],
)
def test_the_council_does_what_it_says(fault: Fault, missing: set[str], stack: RunningStack, flags_file: Path) -> None:
    case = case_of(stack, fault)
    undo = case.injected()

    def only_those_are_missing() -> bool:
        """One that a busy machine keeps from voting in time is missing, too: then another request is asked."""
        absent = set(names.AGENTS) - voters(stack)
        assert absent >= missing
        return absent == missing

    wait_until(only_those_are_missing, _WITHIN_S, f"only {missing} are missing")
    proof = case.injector.in_force(undo)
    assert proof.holds
    assert proof.facts["heard"]["worker"] == "took it"
    case.healed(undo)
    assert not flags_file.exists()
    wait_until(lambda: voters(stack) == set(names.AGENTS), _WITHIN_S, "all agents vote")


def test_what_others_have_set_stays_as_it_was(case: Case, flags_file: Path) -> None:
    others = {"cache": "off", "retries": True}
    put(flags_file, others)
    undo = case.injected()
    assert json.loads(flags_file.read_text()).items() > others.items()
    case.healed(undo)
    assert json.loads(flags_file.read_text()) == others


def test_a_former_value_comes_back(stack: RunningStack, flags_file: Path) -> None:
    former = {"retries": True, "agent_delays_s": {COST: 0.5, FAIRNESS: 0.25}, "failing_agents": [PERFORMANCE]}
    put(flags_file, former)
    for fault in (
        fault_of("set_flag", flag="retries", value="off"),
        fault_of("slow_agent", agent=COST, delay_s=2),
        fault_of("fail_agent", agent=COST),
        fault_of("set_flag", flag="failing_agents", value="[]"),
    ):
        case = case_of(stack, fault)
        case.healed(case.injected())
        assert json.loads(flags_file.read_text()) == former


def test_what_somebody_else_has_set_meanwhile_is_left(case: Case, flags_file: Path) -> None:
    undo = case.injected()
    theirs = {"council_size": 1, "failing_agents": [FAIRNESS], "agent_delays_s": {FAIRNESS: 9.0}}
    put(flags_file, theirs)
    assert not case.injector.in_force(undo).holds
    case.healed(undo)
    assert json.loads(flags_file.read_text()) == theirs


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_several_agents_fail_at_once_and_heal_in_any_order(
    order: tuple[int, ...], stack: RunningStack, flags_file: Path
) -> None:
    cases = [case_of(stack, fault_of("fail_agent", agent=agent)) for agent in names.AGENTS]
    undone = [case.injected() for case in cases]
    assert json.loads(flags_file.read_text()) == {"failing_agents": sorted(names.AGENTS)}
    healed: set[int] = set()
    for each in order:
        cases[each].healed(undone[each])
        healed.add(each)
        for other in range(3):
            assert cases[other].injector.in_force(undone[other]).holds == (other not in healed)
    assert not flags_file.exists()


def test_only_what_would_write_the_same_is_the_same_footprint(stack: RunningStack) -> None:
    injector, worker = FlagsInjector(ground_of(stack)), stack.catalogue.service("worker")

    def writes(kind: str, **given: object) -> frozenset[str]:
        return injector.footprint(fault_of(kind, **given), worker).writes

    assert not writes("fail_agent", agent=COST) & writes("fail_agent", agent=FAIRNESS)
    assert not writes("fail_agent", agent=COST) & writes("slow_agent", agent=COST)
    assert writes("set_flag", flag="failing_agents", value="[]") > writes("fail_agent", agent=COST)
    assert writes("set_flag", flag="agent_delays_s", value="{}") > writes("slow_agent", agent=COST, delay_s=1)
    assert writes("set_flag", flag="retries", value="on") == writes("set_flag", flag="retries", value="off")


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        ("fail_agent", {"agent": "nobody"}, f"fail_agent, agent: no such agent: 'nobody'; there are: {COST}, "),
        ("slow_agent", {"agent": "nobody"}, "slow_agent, agent: no such agent: 'nobody'; there are: "),
        ("set_flag", {"flag": "retrys", "value": "on"}, "set_flag, flag: no such flag: 'retrys'; there are: circuit_"),
        ("set_flag", {"flag": "retries", "value": "perhaps"}, "set_flag, value: retries must be on or off, not 'per"),
        ("set_flag", {"flag": "council_size", "value": "4"}, "set_flag, value: council_size must be 1, 2 or 3, not"),
        ("set_flag", {"flag": "agent_delays_s", "value": "{"}, "set_flag, value: agent_delays_s must be JSON, not '{'"),
        (
            "set_flag",
            {"flag": "agent_delays_s", "value": '{"x": 1}'},
            "set_flag, value: agent_delays_s must name agent",
        ),
        (
            "set_flag",
            {"flag": "agent_delays_s", "value": f'{{"{COST}": -1}}'},
            "set_flag, value: agent_delays_s must g",
        ),
        ("set_flag", {"flag": "failing_agents", "value": "nobody"}, "set_flag, value: failing_agents must name agents"),
    ],
)
def test_what_there_is_not_is_one_clear_line(
    kind: str, given: dict[str, object], said: str, stack: RunningStack, flags_file: Path
) -> None:
    with pytest.raises(BadInput) as bad:
        case_of(stack, fault_of(kind, **given)).prepared()
    assert str(bad.value).startswith(said)
    assert "\n" not in str(bad.value)
    assert not flags_file.exists()


@pytest.mark.parametrize(
    ("fault", "content"),
    [
        (fault_of("set_flag", flag="retries", value="on"), None),
        (fault_of("set_flag", flag="council_size", value="2"), {"council_size": 2}),
        (fault_of("fail_agent", agent=COST), {"failing_agents": [COST]}),
        (fault_of("slow_agent", agent=COST, delay_s=0), None),
        (fault_of("slow_agent", agent=COST, delay_s=3), {"agent_delays_s": {COST: 3}}),
    ],
)
def test_what_holds_already_is_refused(
    fault: Fault, content: dict[str, Any] | None, stack: RunningStack, flags_file: Path
) -> None:
    if content is not None:
        put(flags_file, content)
    with pytest.raises(TargetUnfit, match=r"already: nothing would change; ask for something else$"):
        case_of(stack, fault).prepared()


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff"])
def test_a_file_that_nobody_can_read_is_an_error_and_not_a_no(case: Case, flags_file: Path, content: bytes) -> None:
    undo = case.injected()
    good = flags_file.read_bytes()
    flags_file.write_bytes(content)
    for ask in (case.injector.gone, case.injector.in_force, case.injector.heal, lambda _: case.prepared()):
        with pytest.raises(TargetUnfit, match=r"flags\.json: .*; put it right, or remove it$"):
            ask(undo)
    assert flags_file.read_bytes() == content
    flags_file.write_bytes(good)
    case.healed(undo)


def test_a_platform_that_cannot_read_the_file_refutes_the_proof(stack: RunningStack, flags_file: Path) -> None:
    """Whoever added a flag that does not exist has made the whole file void."""
    case = case_of(stack, FAULTS["fail_agent"])
    undo = case.injected()
    document = json.loads(flags_file.read_text())
    put(flags_file, {**document, "no_such_flag": True})
    wait_until(lambda: not case.injector.in_force(undo).holds, _WITHIN_S, "a process tells that it cannot read it")
    assert "could not read it: knows no flag `no_such_flag`" in case.injector.in_force(undo).seen
    put(flags_file, document)
    case.healed(undo)


def test_what_was_changed_after_it_was_planned_is_not_touched(stack: RunningStack, flags_file: Path) -> None:
    case = case_of(stack, FAULTS["set_flag"])
    undo = case.prepared()
    flags_file.write_text('{"council_size": 1}')
    with pytest.raises(TargetUnfit, match=r"^flags: council_size was changed meanwhile"):
        case.injector.inject(undo)
    case.healed(undo)
    assert flags_file.read_text() == '{"council_size": 1}'


def test_the_environment_s_agents_go_on_failing(tmp_path: Path) -> None:
    """Where the file is silent the environment holds: what is added to the file must not take that away."""
    (tmp_path / "config" / "worker").mkdir(parents=True)
    environ = {**os.environ, "CHAOS_AURA_FLAG_FAILING_AGENTS": FAIRNESS}
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env=environ) as process:
        environ_of_it = Path(f"/proc/{process.pid}/environ")
        wait_until(environ_of_it.read_bytes, _WITHIN_S, "it has its environment")  # not at once, when it is made
        injector = FlagsInjector(GroundWith(tmp_path, process.pid))
        undo = injector.prepare(FAULTS["fail_agent"], worker(), "L")
        injector.inject(undo)
        assert json.loads((tmp_path / "flags.json").read_text()) == {"failing_agents": [COST, FAIRNESS]}
        injector.heal(undo)
        assert not (tmp_path / "flags.json").exists()
        with pytest.raises(TargetUnfit, match="already"):
            injector.prepare(fault_of("fail_agent", agent=FAIRNESS), worker(), "L")


def test_many_at_once_lose_nothing(tmp_path: Path) -> None:
    injector = FlagsInjector(GroundWith(tmp_path, os.getpid()))
    switches = [("circuit_breakers", "off"), ("retries", "off"), ("retry_budget", "off"), ("cache", "off")]
    faults = [fault_of("set_flag", flag=flag, value=value) for flag, value in switches]
    faults += [fault_of("slow_agent", agent=agent, delay_s=1) for agent in names.AGENTS]
    undone = [injector.prepare(fault, worker(), "L") for fault in faults]
    at_once([lambda undo=undo: insisting(injector.inject, undo) for undo in undone])
    assert all(injector.in_force(undo).holds for undo in undone)
    at_once([lambda undo=undo: insisting(injector.heal, undo) for undo in undone])
    assert all(injector.gone(undo).holds for undo in undone)
    assert [each.name for each in tmp_path.iterdir()] == ["faults"]


def test_a_lock_that_somebody_keeps_is_told_of_in_time(tmp_path: Path) -> None:
    injector = FlagsInjector(GroundWith(tmp_path, os.getpid()))
    undo = injector.prepare(FAULTS["set_flag"], worker(), "L")
    (tmp_path / "faults").mkdir()
    with (tmp_path / "faults" / "flags.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        began_s = time.monotonic()
        with pytest.raises(TargetUnfit, match=r"flags\.lock: has been held by another process for 2 s"):
            injector.inject(undo)
        assert time.monotonic() - began_s < _NOT_FOR_EVER_S


def test_an_empty_document_that_was_there_stays(tmp_path: Path) -> None:
    injector = FlagsInjector(GroundWith(tmp_path, os.getpid()))
    (tmp_path / "flags.json").write_text("{}")
    undo = injector.prepare(FAULTS["set_flag"], worker(), "L")
    injector.inject(undo)
    injector.heal(undo)
    assert json.loads((tmp_path / "flags.json").read_text()) == {}


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    injector = FlagsInjector(GroundWith(tmp_path, os.getpid()))
    undo = injector.prepare(FAULTS["set_flag"], worker(), "L")
    (tmp_path / "faults").write_text("in the way")
    with pytest.raises(ChaosAuraError, match=r"faults.*; put that right, then run it again$"):
        injector.inject(undo)
    assert not (tmp_path / "flags.json").exists()


def test_by_hand_it_is_healed_too(case: Case) -> None:
    undo = case.injected()
    path = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(undo.by_hand, shell=True, env=path, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    case.await_gone(undo)


@pytest.mark.parametrize(
    ("kind", "name", "remedy"),
    [
        ("set_flag", "redis", "name a process of the platform: api, worker or projection"),
        ("set_flag", "worker.redis", "name a process of the platform: api, worker or projection"),
        ("fail_agent", "api", "name worker: it does"),
        ("slow_agent", "projection", "name worker: it does"),
    ],
)
def test_other_targets_are_told_what_to_name(kind: str, name: str, remedy: str, stack: RunningStack) -> None:
    capability = FlagsInjector(ground_of(stack)).can(FAULTS[kind], stack.catalogue.target(name))
    assert not capability
    assert capability.remedy == remedy


def test_elsewhere_than_on_the_local_stack_it_cannot(tmp_path: Path) -> None:
    capability = FlagsInjector(Ground(tmp_path, {})).can(FAULTS["set_flag"], worker())
    assert capability.why == "the flags of worker are not on this machine"


def test_its_names_are_the_platform_s() -> None:
    plain = {**platform_flags._shown(platform_flags.Flags())}  # noqa: SLF001
    assert plain == names.DEFAULTS
    assert council.AGENTS == names.AGENTS
    assert platform_flags.PREFIX == names.VARIABLES
    assert platform_flags._LOOK_EVERY_S == names.LOOKS_EVERY_S  # noqa: SLF001
    assert platform_flags._LONGEST_DELAY_S == names.LONGEST_DELAY_S  # noqa: SLF001
    assert Settings("worker", Path("home"), "127.0.0.1:1").flags_path == Path("home") / names.FILE


@pytest.mark.parametrize("word", ["on", "OFF", "true", "False", "1", "0", "yes", "no"])
def test_a_switch_is_read_as_the_platform_reads_it(word: str, tmp_path: Path) -> None:
    path = tmp_path / "flags.json"
    path.write_text(json.dumps({"cache": word}))
    assert names.read("cache", word) is platform_flags.FlagFile(path, {}, lambda: next(TICKS)).current().cache


TICKS = iter(range(1_000_000))


class GroundWith(Ground):
    """A folder and a process, without a stack."""

    def __init__(self, home: Path, pid: int) -> None:
        super().__init__(home, {})
        object.__setattr__(self, "pid", pid)

    def process_of(self, service: str) -> ProcessId | None:
        return ProcessId.of(self.pid)  # type: ignore[attr-defined]


def worker() -> Service:
    return Service("worker", Address("127.0.0.1", 1), "http", "1")


def voters(stack: RunningStack) -> set[str]:
    """Of one request that is decided now."""
    request_id = f"flags-{uuid.uuid4().hex[:12]}"
    body = {"request_id": request_id, "tenant": request_id, "gpu_type": "t4", "count": 1, "hours": 1}
    decided: list[httpx.Response] = []

    def is_decided() -> bool:
        decided.append(httpx.post(f"{api_of(stack)}/allocations", json=body, timeout=_WITHIN_S))
        return decided[-1].is_success

    wait_until(is_decided, _WITHIN_S, f"{request_id} is decided")
    httpx.delete(f"{api_of(stack)}/allocations/{request_id}", headers={"X-Tenant": request_id}, timeout=_WITHIN_S)
    return {vote["agent"] for vote in decided[-1].json()["decision"]["votes"]}


def insisting(do: Callable[[Undo], None], undo: Undo) -> None:
    """The lock's holder may be kept from the processor for longer than the others wait for it."""

    def is_done() -> bool:
        try:
            do(undo)
        except TargetUnfit as cause:
            if "has been held by another process" not in str(cause):
                raise
            return False
        return True

    wait_until(is_done, _WITHIN_S, "it has had the lock")


def at_once(works: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(_WITHIN_S)
