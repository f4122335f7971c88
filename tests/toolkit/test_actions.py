"""What the verbs of experiments do while Chaos Toolkit runs them, under our control."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from chaos_run import Ran, action, call, going_on, hanging_look
from controlling import controller
from fake_home import FakeHome, kill_with_its_reaper
from local_stack import chaos_aura

from chaos_aura.record.timeline import read_timeline

_MET = call("platform", "system", "probe", "the system", tolerance="Linux")


def struck_one(home: FakeHome) -> dict[str, Any]:
    """Ends when something is in force, and written down as such."""
    until = f"""until grep -qs '"state":"in_force"' {home.ledger.path}; do sleep 0.02; done"""
    return call("subprocess", "check_call", name="wait", arguments={"args": ["/bin/sh", "-c", until]})


def elsewhere(*words: str) -> dict[str, Any]:
    """`chaos-aura WORDS` in a process of its own, as another person would."""
    return call("subprocess", "call", name="elsewhere", arguments={"args": chaos_aura(*words)})


def lose_all(home: FakeHome) -> dict[str, Any]:
    """Whatever is in force is no more, and nobody is told."""
    struck = str(home.ground.folder / "fake" / "struck")
    return call("shutil", "rmtree", name="lose it", arguments={"path": struck})


def run_of(ran: Ran, name: str) -> dict[str, Any]:
    """The one of that name: one in the background may stand behind the one that follows it."""
    [run] = [each for each in ran.journal["run"] if each["activity"]["name"].startswith(name)]
    return dict(run)


def held_in_background(home: FakeHome) -> list[dict[str, Any]]:
    """A fault for half a minute, and the method goes on when it is in force."""
    return [action("inject", background=True, kind="pretend", target="neo4j", duration=30), struck_one(home)]


def test_what_the_system_refuses_is_one_line_too(ran: Callable[..., Ran], home: FakeHome) -> None:
    home.ground.folder.write_text("a file where the folder must be")
    done = ran([action("inject", kind="pretend", target="neo4j")], probes=[_MET])
    assert done.outcome == "fault not injected", done.said
    assert done.reasons == f"{home.ground.folder}: File exists; put that right, then run it again"
    assert "Traceback" not in done.said


def test_with_a_duration_the_fault_is_held_healed_and_told(ran: Callable[..., Ran], home: FakeHome) -> None:
    done = ran([action("inject", kind="pretend", target="neo4j", duration=1)])
    [run] = done.journal["run"]
    assert run["status"] == "succeeded", run
    assert run["output"]["held_s"] >= 1
    assert run["output"]["in_force"] == "its file is there"
    assert run["output"]["gone"] == "its file is not there"
    assert run["duration"] >= 1
    assert home.ledger.open_leases() == ()


def test_in_the_background_the_method_goes_on_and_the_fault_is_held(ran: Callable[..., Ran], home: FakeHome) -> None:
    method = [
        action("inject", background=True, kind="pretend", target="neo4j", duration=60),
        struck_one(home),
        action("inject", kind="pretend", target="redis", duration=0.2),
        action("heal", target="neo4j"),
    ]
    done = ran(method)
    assert [run["status"] for run in done.journal["run"]] == ["succeeded"] * 4
    assert done.folder
    told = read_timeline(done.folder / "timeline.jsonl")
    at = {(event["event"], event.get("target")): event["monotonic_ns"] for event in told}
    assert at["fault.in_force", "neo4j"] < at["fault.in_force", "redis"] < at["fault.healed", "neo4j"]


def test_without_a_duration_it_stays_until_the_method_is_over(ran: Callable[..., Ran], home: FakeHome) -> None:
    """It is gone when the hypothesis is probed again, and a rollback finds nothing to heal."""
    struck = str(home.fake.folder / "struck")
    look = call("os", "listdir", "probe", "who is hurt", arguments={"path": struck})
    method = [action("inject", kind="pretend", target="neo4j"), action("inject", kind="pretend", target="redis"), look]
    done = ran(method, rollbacks=[action("heal_all")])
    assert [run["status"] for run in done.journal["run"]] == ["succeeded"] * 3
    assert len(run_of(done, "who is hurt")["output"]) == 2
    assert [run["output"] for run in done.journal["rollbacks"]] == [[]]
    assert all(fault["healed_s"] for fault in done.result["faults"])
    assert home.fake.struck() == set()


def test_one_of_several_can_be_healed(ran: Callable[..., Ran], home: FakeHome) -> None:
    method = [
        action("inject", kind="pretend", target="neo4j"),
        action("inject", kind="pretend", target="redis"),
        action("heal", target="redis"),
        action("heal_all"),
    ]
    healed = [run["output"] for run in ran(method, probes=[_MET]).journal["run"][2:]]
    assert [[each["target"] for each in some] for some in healed] == [["redis"], ["neo4j"]]


def test_a_run_mends_what_a_killed_run_and_its_killed_reaper_left(ran: Callable[..., Ran], home: FakeHome) -> None:
    """The same fault again: the lease of the dead one must not stand in its way."""
    with controller(home.home, home.environ, "in_force", "pretend", "neo4j", "60") as one:
        one.await_step("in_force")
        kill_with_its_reaper(home, one)
    [left] = home.fake.struck()
    done = ran([action("inject", kind="pretend", target="neo4j", duration=0.3)], probes=[_MET])
    assert done.outcome == "passed", done.said
    assert done.journal["run"][0]["output"]["lease"] != left
    assert home.fake.struck() == set()
    assert home.ledger.open_leases() == ()


def test_what_somebody_who_lives_has_injected_is_not_judged_as_ours(ran: Callable[..., Ran], home: FakeHome) -> None:
    with controller(home.home, home.environ, "in_force", "pretend", "neo4j", "60") as one:
        one.await_step("in_force")
        done = ran([action("inject", kind="pretend", target="redis", duration=0.3)], probes=[_MET])
    assert done.outcome == "fault not injected"
    assert re.search(
        r"faults: are in force already: pretend of neo4j \(lease \w+\); run: chaos-aura heal", done.reasons
    )


def test_a_lost_fault_fails_whoever_heals_it_and_all_is_healed(ran: Callable[..., Ran], home: FakeHome) -> None:
    method = [
        action("inject", kind="pretend", target="neo4j"),
        lose_all(home),
        action("inject", kind="pretend", target="redis"),
        action("heal_all"),
    ]
    done = ran(method, probes=[_MET])
    assert run_of(done, "heal_all")["status"] == "failed"
    says = "pretend of neo4j: was lost before it was healed: its file is not there; it is healed now"
    assert says in done.reasons
    assert done.outcome == "fault not held"
    assert home.fake.struck() == set()
    assert [lease.fault.target for lease in home.ledger.leases().values()] == ["neo4j", "redis"]
    assert home.ledger.open_leases() == ()


def test_what_cannot_be_looked_at_any_more_was_not_held_and_is_healed(ran: Callable[..., Ran], home: FakeHome) -> None:
    told = home.fake.folder / "told"
    told.mkdir(parents=True)
    crash = call("subprocess", "check_call", arguments={"args": ["/bin/sh", "-c", f"printf crash > {told}/in_force"]})
    done = ran([action("inject", kind="pretend", target="neo4j"), crash], probes=[_MET])
    assert done.outcome == "fault not held"
    assert "was lost before it was to end: injector fake: method `in_force` failed" in done.reasons
    assert home.fake.struck() == set()
    assert home.ledger.open_leases() == ()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"kind": "pretense"}, "pretense: no such kind of fault; there are: "),
        ({"target": "neo4"}, "neo4: no such target; there are: neo4j"),
        ({"lease": "nonsense"}, "nonsense: is no lease that is open or was healed lately; open are: "),
    ],
    ids=["kind", "target", "lease"],
)
def test_a_word_that_means_nothing_heals_nothing_and_fails(
    ran: Callable[..., Ran], home: FakeHome, arguments: dict[str, Any], why: str
) -> None:
    done = ran([action("inject", kind="pretend", target="neo4j"), action("heal", **arguments)], probes=[_MET])
    assert done.outcome == "failed"
    assert why in done.reasons
    assert home.ledger.open_leases() == ()


def test_a_word_that_fits_nothing_open_heals_nothing_and_is_no_failure(ran: Callable[..., Ran]) -> None:
    hurt = action("inject", kind="pretend", target="neo4j")
    done = ran([hurt, action("heal", kind="latency"), action("heal", target="worker.redis")], probes=[_MET])
    assert done.outcome == "passed", done.said
    assert [run["output"] for run in done.journal["run"][1:]] == [[], []]


def test_a_fault_that_somebody_else_ends_was_not_held(ran: Callable[..., Ran], home: FakeHome) -> None:
    fake = home.fake.folder
    # A look in that moment would see it gone before it is written down by whom.
    healed = [hanging_look(fake), elsewhere("heal", "--all"), going_on(fake)]
    done = ran([*held_in_background(home), *healed], probes=[_MET])
    assert done.outcome == "fault not held", done.said
    told = next(reason for reason in done.result["reasons"] if reason.startswith("pretend of neo4j: ended after"))
    assert re.fullmatch(
        r"pretend of neo4j: ended after \d+\.\d s: it was healed by somebody else; "
        r"what became of it is in /\S+/timeline.jsonl; inject it again",
        told,
    ), told
    assert home.ledger.open_leases() == ()


@pytest.mark.parametrize(
    "healing", [action("heal_all"), action("heal", target="neo4j")], ids=["heal_all", "heal TARGET"]
)
def test_a_fault_that_its_own_experiment_ends_is_no_failure(
    ran: Callable[..., Ran], home: FakeHome, healing: dict[str, Any]
) -> None:
    done = ran([*held_in_background(home), healing], probes=[_MET])
    assert done.outcome == "passed", done.said
    held, healed = run_of(done, "inject"), run_of(done, "heal")
    assert [each["target"] for each in healed["output"]] == ["neo4j"]
    assert held["output"]["held_s"] < 30
    assert held["output"]["gone"] == "its file is not there"
    assert home.ledger.open_leases() == ()


def test_what_a_run_leaves_tells_its_whole_story(ran: Callable[..., Ran], home: FakeHome) -> None:
    done = ran([action("inject", kind="pretend", target="neo4j", duration=0.2)], probes=[_MET], tags=["one", "two"])
    assert done.folder
    assert {"run.json", "timeline.jsonl", "result.json", "journal.json"} <= {
        each.name for each in done.folder.iterdir()
    }
    assert (home.home / "runs" / "latest").resolve() == done.folder
    assert done.result["experiment"] == {
        **done.result["experiment"],
        "file": "experiment.json",
        "title": "a test",
        "tags": ["one", "two"],
    }
    assert done.result["again"].endswith("run experiment.json")
    assert Path(home.root, done.result["folder"]).resolve() == done.folder
    phases = [each["phase"] for each in read_timeline(done.folder / "timeline.jsonl") if each["event"] == "run.phase"]
    assert phases == ["hypothesis", "fault", "recovery", "judging", "rollback", "over"]
