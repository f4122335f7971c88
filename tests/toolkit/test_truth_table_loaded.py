"""What becomes of a run with a load, by what the platform does wrong in it, and by what happens to the run itself:
exit code, outcome, journal, reasons, and what is left behind.
"""

import json
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from chaos_run import Ran
from fake_home import install_fake
from loaded_runs import FOR_EVER, Case, Played, Stage, kill_load, kill_load_early, kill_sampler, signalled

from chaos_aura.core.operation import ALLOCATE, Operation
from chaos_aura.record.history import read_history

_KEEPS = {"how": "keep", "after_s": 600, "total": {"t4": 1000}}
_SIGNALS = {
    f"{phase} {number.name}": (phase, number)
    for phase, number in (
        ("settling", signal.SIGTERM),
        ("settling", signal.SIGKILL),
        ("recovery", signal.SIGINT),
        ("recovery", signal.SIGKILL),
        ("fault", signal.SIGTERM),
        ("fault", signal.SIGKILL),
        ("start", signal.SIGTERM),
        ("baseline", signal.SIGINT),
        ("baseline", signal.SIGKILL),
    )
}
# Those that take longest first.
CASES = {
    "unread": Case(stores=("neo4j", "kafka"), budget_s=1, load={"rate_per_s": 9}),
    "kept": Case(_KEEPS, budget_s=1),
    "leak": Case({"how": "leak"}, budget_s=2, seed=8),
    **{
        name: Case(_KEEPS if phase == "settling" else {}, 1, is_undecided=True, meanwhile=signalled(phase, number))
        for name, (phase, number) in _SIGNALS.items()
    },
    "well": Case(),
    "double": Case({"how": "double"}),
    "sampler killed": Case({"how": "reset"}, is_undecided=True, meanwhile=kill_sampler),
    "not met": Case({"outages": FOR_EVER}, is_undecided=True),
    "taken": Case({"taken": True}, is_undecided=True),
    "late": Case({"how": "refuse", "after_s": 5}, budget_s=2),
    "load killed": Case({"how": "hang"}, hurts_s=3, is_undecided=True, meanwhile=kill_load),
    "load killed early": Case(is_undecided=True, meanwhile=kill_load_early),
    "silent": Case({"outages": FOR_EVER, "everything": True}, is_undecided=True),
}
_CASES = "cases"
# What is late because others use the machine is judged as unknown, and the first of them waits for its turn.
pytestmark = [pytest.mark.alone, pytest.mark.timeout(400)]


def of(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Which runs a test looks at: only those are made that somebody looks at."""

    def told(function: Callable[..., None]) -> Callable[..., None]:
        setattr(function, _CASES, names)
        return function

    return told


@pytest.fixture(scope="module")
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    mine = [item for item in request.session.items if item.path == request.path and isinstance(item, pytest.Function)]
    wanted = {name for item in mine for name in getattr(item.function, _CASES, ())}
    wanted |= {item.callspec.params["interrupted"] for item in mine if "interrupted" in item.fixturenames}
    folder = tmp_path_factory.mktemp("loaded")
    made = Stage(CASES, wanted, folder, install_fake(folder / "plug-ins"))
    yield made
    made.close()


def check(played: Played, outcome: str, status: str) -> Ran:
    """Exit code, outcome, journal and what is left are as promised."""
    ran = played.ran
    assert ran.outcome == outcome, (ran.reasons, ran.said)
    assert ran.code == (0 if outcome == "passed" else 1), ran.said
    assert ran.journal["chaos-aura"]["outcome"] == outcome
    assert ran.journal["status"] == status
    assert ran.journal["deviated"] is (outcome != "passed")
    assert "Traceback" not in ran.said
    assert played.is_clean
    if outcome != "interrupted":  # nobody who has pressed Ctrl-C waits for tenants that give back what they hold
        assert played.left == [], "its load and its sampler end before it does"
    assert played.have_gone, "they end by themselves"
    return ran


def verdicts(ran: Ran) -> dict[str, str]:
    return {each["what"]: each["verdict"] for each in ran.result["judgements"]}


def operations(ran: Ran) -> tuple[Operation, ...]:
    assert ran.folder
    return read_history(ran.folder.glob("history-*.jsonl")).operations


@of("well")
def test_what_is_hurt_and_well_again_at_once_passes_and_the_moment_is_told(stage: Stage) -> None:
    played = stage["well"]
    ran = check(played, "passed", "completed")
    assert set(verdicts(ran)) >= {"baseline", "recovery", "load", "consistency", "ownership"}
    assert played.held == []
    assert "neo4j is no part of this stack: not asked" in ran.reasons
    assert ran.result["consistency"]["absent"] == ["neo4j", "kafka", "temporal", "redis", "usage"]
    [outage] = played.story
    began_ns = json.loads((folder_of(ran) / "run.json").read_text())["began_ns"]
    [fault] = ran.result["faults"]
    recovered_s = (outage["until_ns"] - began_ns) / 1e9 - fault["in_force_s"]
    told = ran.result["recovery"]["recovered"]
    assert told["low_s"] - 0.001 <= recovered_s <= told["high_s"] + 0.001


def folder_of(ran: Ran) -> Path:
    assert ran.folder
    return ran.folder


@of("unread")
def test_stores_that_could_not_be_read_leave_it_undecided_and_nothing_else_does(stage: Stage) -> None:
    played = stage["unread"]
    ran = check(played, "inconclusive", "aborted")
    assert played.held == []
    [recovery, consistency] = ran.result["reasons"]
    assert recovery.startswith("recovery: tenants: nobody can say how old the backlog of decisions is; canary: ")
    assert re.match(r"consistency: neo4j could not be read: .*; kafka could not be read: ", consistency)
    assert {what for what, verdict in verdicts(ran).items() if verdict != "pass"} == {"recovery", "consistency"}


@of("late")
def test_what_is_well_again_too_late_fails(stage: Stage) -> None:
    played = stage["late"]
    ran = check(played, "failed", "failed")
    assert re.search(r"recovery: .*still bad \d\.\d s after its budget of 2 s", ran.reasons)
    assert verdicts(ran)["consistency"] == "pass"
    assert played.held == []


@of("leak")
def test_a_pool_that_leaks_and_answers_at_once_that_there_is_none_fails(stage: Stage) -> None:
    played = stage["leak"]
    ran = check(played, "failed", "failed")
    assert "recovery: " in ran.reasons
    assert ran.result["recovery"]["bad"]["refused without reason"] > 0
    assert re.search(r"consistency: pool: \d+ leaked", ran.reasons)
    assert played.held == []


@of("kept")
def test_a_leak_that_no_answer_shows_fails(stage: Stage) -> None:
    played = stage["kept"]
    ran = check(played, "failed", "failed")
    assert re.search(r"consistency: pool: \d+ leaked: .* was given back, and the pool still holds t4-", ran.reasons)
    assert verdicts(ran)["recovery"] == "pass"
    assert played.held == []


@of("double")
def test_a_gpu_that_two_hold_fails_and_all_three_are_named(stage: Stage) -> None:
    played = stage["double"]
    ran = check(played, "failed", "failed")
    first, second, gpu_id = played.doubled
    assert f"ownership: a GPU had two owners: {gpu_id} was held by {first} and {second} for " in ran.reasons
    assert ran.result["consistency"]["two_owners"][0]["allocations"] == [first, second]
    assert played.held == []


@of("load killed")
def test_a_load_that_has_died_proves_nothing(stage: Stage) -> None:
    ran = check(stage["load killed"], "inconclusive", "aborted")
    assert "load: the load has died: its process ended with -9" in ran.reasons
    assert verdicts(ran)["recovery"] == "unknown"


@of("load killed early")
def test_a_load_that_dies_before_anything_is_hurt_is_not_the_systems_fault(stage: Stage) -> None:
    played = stage["load killed early"]
    ran = check(played, "inconclusive", "aborted")
    assert "load: its process ended with -9" in ran.reasons
    assert played.leases == 0


@of("sampler killed")
def test_what_nobody_watched_is_not_known(stage: Stage) -> None:
    played = stage["sampler killed"]
    ran = check(played, "inconclusive", "aborted")
    assert "consistency: stores: could not be read: the sampler has ended" in ran.reasons
    assert played.held == []


@of("not met", "silent", "taken")
@pytest.mark.parametrize("why", ["not met", "silent", "taken"])
def test_what_was_not_well_before_is_not_hurt(stage: Stage, why: str) -> None:
    played = stage[why]
    ran = check(played, "baseline not met", "aborted")
    says = {
        "not met": r"tenants: none of \d+ operations in 20 s was answered well",
        "silent": "GET /gpus was not answered",
        "taken": "the pool of GPUs: has none free: 40 t4 are all held before the load begins",
    }
    assert re.search(says[why], ran.reasons)
    assert ran.result["faults"] == []
    assert played.leases == 0
    assert ran.result["took_s"] < 50


@pytest.mark.parametrize("interrupted", _SIGNALS)
def test_interrupted_it_says_so_and_what_was_held_is_given_back(stage: Stage, interrupted: str) -> None:
    played = stage[interrupted]
    ran, number = played.ran, _SIGNALS[interrupted][1]
    if number is signal.SIGKILL:
        assert ran.code == -signal.SIGKILL
        assert ran.result == {}, "nobody can mistake it for a result"
        assert played.is_clean
        assert played.have_gone, "its load and its sampler end by themselves"
    else:
        check(played, "interrupted", "interrupted")
        assert f"received {number.name}" in ran.reasons
    assert played.held == []


@of("well", "late", "leak")
def test_the_same_seed_brings_the_same_arrivals_and_requests(stage: Stage) -> None:
    one, same, other = (scheduled(stage[name].ran) for name in ("well", "late", "leak"))
    both = min(len(one), len(same), len(other))
    assert both > 60
    assert one[:both] == same[:both]
    assert one[:both] != other[:both]
    assert plan(stage["well"].ran) == plan(stage["late"].ran) != plan(stage["leak"].ran)


def plan(ran: Ran) -> dict[str, Any]:
    row: dict[str, Any] = json.loads((folder_of(ran) / "load.json").read_text())
    return {name: value for name, value in row.items() if name not in ("url", "tag")}


def scheduled(ran: Ran) -> list[tuple[int, str]]:
    """When each was due after the beginning, and what was asked for, without the run's tag."""
    tag = json.loads((folder_of(ran) / "load.json").read_text())["tag"]
    began_ns = json.loads((folder_of(ran) / "load-state.json").read_text())["began_ns"]
    return [
        (each.due_ns - began_ns, json.dumps(dict(each.asked), sort_keys=True).replace(tag, ""))
        for each in operations(ran)
        if each.what == ALLOCATE and "try" not in each.asked
    ]
