"""The verbs of experiments: found, valid, and true to the words for faults; run by Chaos Toolkit itself."""

import inspect
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from awaiting import wait_until
from controlling import controller
from fake_home import FakeHome, fake_home, install_fake, kill_with_its_reaper
from local_stack import chaos_aura

from chaos_aura.core.kind import Parameter
from chaos_aura.core.kinds import KINDS
from chaos_aura.record.timeline import read_timeline
from chaos_aura.toolkit import actions

_RUN_WITHIN_S = 90
CONTROL = {"name": "chaos-aura", "provider": {"type": "python", "module": "chaos_aura.toolkit.control"}}
_OWN = {"target", "duration", "injector"}
_OF_ANY_KIND = ("inject", "heal", "heal_all")
_OF_LOAD = ("drive_allocations", "stop_load")
_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[FakeHome]:
    with fake_home(tmp_path / "project", install_fake(tmp_path / "plug-ins")) as made:
        yield made


def chaos(home: FakeHome, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(Path(sys.executable).with_name("chaos")), "--no-version-check", *words],
        cwd=home.root,
        env=home.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_RUN_WITHIN_S,
        check=False,
    )


def action(name: str, background: bool = False, **arguments: Any) -> dict[str, Any]:
    provider = {"type": "python", "module": "chaos_aura.toolkit.actions", "func": name, "arguments": arguments}
    return {"type": "action", "name": f"{name} {arguments}", "provider": provider, "background": background}


def struck_one(home: FakeHome) -> dict[str, Any]:
    """Ends when something is in force, and written down as such."""
    until = f"""until grep -qs '"state":"in_force"' {home.ledger.path}; do sleep 0.02; done"""
    (home.root / "until.sh").write_text(until)
    provider = {"type": "process", "path": "/bin/sh", "arguments": [str(home.root / "until.sh")], "timeout": 60}
    return {"type": "action", "name": "wait", "provider": provider}


def elsewhere(*words: str) -> dict[str, Any]:
    """`chaos-aura WORDS` in a process of its own, as another person would."""
    path, *arguments = chaos_aura(*words)
    provider = {"type": "process", "path": path, "arguments": arguments, "timeout": 60}
    return {"type": "action", "name": f"elsewhere: {words}", "provider": provider}


def lose_all(home: FakeHome) -> dict[str, Any]:
    """Whatever is in force is no more, and nobody is told."""
    struck = str(home.ground.folder / "fake" / "struck")
    provider = {"type": "python", "module": "shutil", "func": "rmtree", "arguments": {"path": struck}}
    return {"type": "action", "name": "lose it", "provider": provider}


def experiment(method: list[dict[str, Any]], rollbacks: Iterable[dict[str, Any]] = ()) -> dict[str, Any]:
    return {
        "title": "a test",
        "description": "a test",
        "controls": [CONTROL],
        "method": method,
        "rollbacks": list(rollbacks),
        "runtime": {"rollbacks": {"strategy": "always"}},
    }


def discovered(home: FakeHome) -> dict[str, dict[str, Any]]:
    done = chaos(home, "discover", "chaos-aura", "--no-install", "--discovery-path", "found.json")
    assert done.returncode == 0, done.stdout + done.stderr
    return {each["name"]: each for each in json.loads((home.root / "found.json").read_text())["activities"]}


def whole_arguments(verb: dict[str, Any]) -> dict[str, Any]:
    """Every one that discovery tells of, each with a value that its kind reads."""
    kind = KINDS.get(verb["name"], KINDS["latency"])
    own = {parameter.name: one_of(parameter) for parameter in kind.parameters}
    assert kind.read(own) == own
    given = {"kind": kind.name, "target": "redis", "parameters": own, "duration": 1.5, "injector": "", "lease": ""}
    return {each["name"]: {**given, **own}[each["name"]] for each in verb["arguments"]}


def one_of(parameter: Parameter) -> Any:
    if parameter.default is not None:
        return parameter.default
    return "a_word" if parameter.type is str else parameter.type(parameter.least or 0)


def validated(home: FakeHome, method: list[dict[str, Any]]) -> "subprocess.CompletedProcess[str]":
    (home.root / "experiment.json").write_text(json.dumps(experiment(method)))
    return chaos(home, "validate", "experiment.json")


def journal_of(home: FakeHome, method: list[dict[str, Any]], rollbacks: list[dict[str, Any]]) -> dict[str, Any]:
    valid = validated(home, method)
    assert valid.returncode == 0, valid.stdout + valid.stderr
    (home.root / "experiment.json").write_text(json.dumps(experiment(method, rollbacks)))
    done = chaos(home, "run", "experiment.json")
    assert (home.root / "journal.json").exists(), done.stdout + done.stderr
    return dict(json.loads((home.root / "journal.json").read_text()))


def run_of(journal: dict[str, Any], name: str) -> dict[str, Any]:
    """The one of that name: one in the background may stand behind the one that follows it."""
    [run] = [each for each in journal["run"] if each["activity"]["name"].startswith(name)]
    return dict(run)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_there_is_a_verb_for_each_kind_with_its_parameters_and_defaults(kind: Any) -> None:
    signature = inspect.signature(getattr(actions, kind.name))
    given = {name: each for name, each in signature.parameters.items() if name not in _OWN}
    assert set(given) == {parameter.name for parameter in kind.parameters}
    for parameter in kind.parameters:
        default = given[parameter.name].default
        assert (None if default is inspect.Parameter.empty else default) == parameter.default
        assert given[parameter.name].annotation is parameter.type
        assert given[parameter.name].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD


def test_chaos_toolkit_discovers_every_verb_with_description_and_types(home: FakeHome) -> None:
    found = discovered(home)
    assert set(found) == {*KINDS, *_OF_ANY_KIND, *_OF_LOAD}
    for each in found.values():
        assert each["doc"]
        assert each["type"] == "action"
    for kind in KINDS.values():
        told = {each["name"]: each.get("type") for each in found[kind.name]["arguments"]}
        own = {parameter.name: _TYPES[parameter.type] for parameter in kind.parameters}
        assert told == {"target": "string", **own, "duration": "number", "injector": "string"}, kind.name
        assert all(f"{name}: " in found[kind.name]["doc"] for name in own), kind.name
    told = {name: {each["name"]: each.get("type") for each in found[name]["arguments"]} for name in _OF_ANY_KIND}
    assert told == {
        "inject": {
            "kind": "string", "target": "string", "parameters": "object", "duration": "number", "injector": "string",
        },
        "heal": {"kind": "string", "target": "string", "lease": "string"},
        "heal_all": {},
    }  # fmt: skip


def test_every_verb_that_is_discovered_is_valid_in_an_experiment(home: FakeHome) -> None:
    found = discovered(home)
    assert set(found) == set(actions.__all__)
    method = [action(name, background=len(name) % 2 == 0, **whole_arguments(each)) for name, each in found.items()]
    valid = validated(home, method)
    assert valid.returncode == 0, valid.stdout + valid.stderr
    assert "experiment syntax and semantic look valid" in valid.stdout + valid.stderr


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("memory_limit", {"target": "redis"}, "'limit_mb' is missing"),
        ("pause", {"target": "redis", "percent": 5}, "'percent' is not part of the function signature"),
        ("packet_los", {"target": "redis"}, "packet_los"),
    ],
)
def test_what_is_no_verb_or_does_not_fit_it_is_not_valid(
    home: FakeHome, name: str, arguments: dict[str, Any], says: str
) -> None:
    valid = validated(home, [action(name, **arguments)])
    assert valid.returncode != 0
    assert says in valid.stdout + valid.stderr


@pytest.mark.parametrize(
    "asked", [action("inject", kind="pretend", target="neo4j"), action("heal_all")], ids=["inject", "heal_all"]
)
def test_what_the_system_refuses_is_one_line_too(home: FakeHome, asked: dict[str, Any]) -> None:
    home.ground.folder.write_text("a file where the folder must be")
    [run] = journal_of(home, [asked], [])["run"]
    assert run["status"] == "failed"
    says = f"ActivityFailed: {home.ground.folder}: File exists; put that right, then run it again"
    assert run["exception"][-1].strip().endswith(says), run["exception"]


def test_with_a_duration_the_fault_is_held_healed_and_told(home: FakeHome) -> None:
    journal = journal_of(home, [action("inject", kind="pretend", target="neo4j", duration=1)], [])
    [run] = journal["run"]
    assert run["status"] == "succeeded", run
    assert run["output"]["held_s"] >= 1
    assert run["output"]["in_force"] == "its file is there"
    assert run["output"]["gone"] == "its file is not there"
    assert run["duration"] >= 1
    assert home.ledger.open_leases() == ()


def test_in_the_background_the_method_goes_on_and_the_fault_is_held(home: FakeHome) -> None:
    method = [
        action("inject", background=True, kind="pretend", target="neo4j", duration=6),
        struck_one(home),
        action("inject", kind="pretend", target="redis", duration=0.2),
    ]
    journal = journal_of(home, method, [])
    assert [run["status"] for run in journal["run"]] == ["succeeded"] * 3
    told = read_timeline(home.ground.folder / "timeline.jsonl")
    at = {(event["event"], event.get("target")): event["monotonic_ns"] for event in told}
    assert at["fault.in_force", "neo4j"] < at["fault.in_force", "redis"] < at["fault.healed", "neo4j"]


def test_without_a_duration_it_stays_until_a_rollback_heals_all(home: FakeHome) -> None:
    method = [action("inject", kind="pretend", target="neo4j"), action("inject", kind="pretend", target="redis")]
    journal = journal_of(home, method, [action("heal_all")])
    assert [run["status"] for run in journal["run"]] == ["succeeded", "succeeded"]
    [rollback] = journal["rollbacks"]
    assert rollback["status"] == "succeeded"
    assert {each["target"] for each in rollback["output"]} == {"neo4j", "redis"}
    assert home.fake.struck() == set()


def test_without_a_rollback_it_ends_with_the_run(home: FakeHome) -> None:
    journal = journal_of(home, [action("inject", kind="pretend", target="neo4j")], [])
    assert journal["run"][0]["output"]["in_force"] == "its file is there"
    wait_until(lambda: not home.fake.struck() and not home.ledger.open_leases(), 10, "it is healed")


def test_one_of_several_can_be_healed(home: FakeHome) -> None:
    method = [
        action("inject", kind="pretend", target="neo4j"),
        action("inject", kind="pretend", target="redis"),
        action("heal", target="redis"),
    ]
    journal = journal_of(home, method, [action("heal_all")])
    assert [each["target"] for each in journal["run"][2]["output"]] == ["redis"]
    assert [each["target"] for each in journal["rollbacks"][0]["output"]] == ["neo4j"]


def test_what_cannot_be_done_fails_the_activity_with_one_line(home: FakeHome) -> None:
    method = [
        action("inject", kind="pretense", target="neo4j"),
        action("inject", kind="pretend", target="mongo"),
        action("latency", target="neo4j"),
        action("inject", kind="pretend", target="neo4j", parameters={"speed": 1}),
        action("packet_loss", target="worker.redis", percent=5),
    ]
    journal = journal_of(home, method, [])
    expected = ["no such kind", "no such target", "latency", "no parameter", "packet_loss: no injector for it"]
    for run, says in zip(journal["run"], expected, strict=True):
        assert run["status"] == "failed"
        assert says in run["exception"][-1], run["exception"]
    assert home.ledger.leases() == {}


def test_a_run_mends_what_a_killed_run_and_its_killed_reaper_left(home: FakeHome) -> None:
    """The same fault again: the lease of the dead one must not stand in its way."""
    with controller(home.home, home.environ, "in_force", "pretend", "neo4j", "60") as one:
        one.await_step("in_force")
        kill_with_its_reaper(home, one)
    [left] = home.fake.struck()
    journal = journal_of(home, [action("inject", kind="pretend", target="neo4j", duration=0.3)], [])
    [run] = journal["run"]
    assert run["status"] == "succeeded", run
    assert run["output"]["lease"] != left
    assert home.fake.struck() == set()
    assert home.ledger.open_leases() == ()


def test_a_fault_that_is_lost_fails_its_activity(home: FakeHome) -> None:
    held = action("inject", background=True, kind="pretend", target="neo4j", duration=30)
    journal = journal_of(home, [held, struck_one(home), lose_all(home)], [])
    assert run_of(journal, "inject")["status"] == "failed"
    assert "was lost after" in run_of(journal, "inject")["exception"][-1]
    assert home.ledger.open_leases() == ()


def test_a_fault_without_a_duration_that_was_lost_fails_whoever_heals_it_and_all_is_healed(home: FakeHome) -> None:
    method = [
        action("inject", kind="pretend", target="neo4j"),
        lose_all(home),
        action("inject", kind="pretend", target="redis"),
    ]
    journal = journal_of(home, method, [action("heal_all")])
    assert [run["status"] for run in journal["run"]] == ["succeeded"] * 3
    [rollback] = journal["rollbacks"]
    assert rollback["status"] == "failed"
    says = "ActivityFailed: pretend of neo4j: was lost before it was healed: its file is not there; it is healed now"
    assert rollback["exception"][-1].strip().endswith(says)
    assert home.fake.struck() == set()
    assert home.ledger.open_leases() == ()
    assert [lease.fault.target for lease in home.ledger.leases().values()] == ["neo4j", "redis"]


def test_what_cannot_be_looked_at_any_more_fails_whoever_heals_it_and_is_healed(home: FakeHome) -> None:
    told = home.ground.folder / "fake" / "told"
    told.mkdir(parents=True)
    script = ["-c", f"printf crash > {told}/in_force"]
    provider = {"type": "process", "path": "/bin/sh", "arguments": script, "timeout": 60}
    crash = {"type": "action", "name": "crash", "provider": provider}
    journal = journal_of(home, [action("inject", kind="pretend", target="neo4j"), crash], [action("heal_all")])
    [rollback] = journal["rollbacks"]
    assert rollback["status"] == "failed"
    assert "was lost before it was healed: injector fake: method `in_force` failed" in rollback["exception"][-1]
    assert home.fake.struck() == set()
    assert home.ledger.open_leases() == ()


def test_a_word_that_means_nothing_heals_nothing_and_fails(home: FakeHome) -> None:
    method = [
        action("inject", kind="pretend", target="neo4j"),
        action("heal", kind="pretense"),
        action("heal", target="neo4"),
        action("heal", lease="nonsense"),
        action("heal", kind="latency"),
        action("heal", target="worker.redis"),
    ]
    journal = journal_of(home, method, [action("heal_all")])
    says = [
        "pretense: no such kind of fault; there are: ",
        "neo4: no such target; there are: neo4j",
        "nonsense: is no lease that is open or was healed lately; open are: ",
    ]
    for run, why in zip(journal["run"][1:4], says, strict=True):
        assert run["status"] == "failed"
        assert why in run["exception"][-1], run["exception"]
    assert [(run["status"], run["output"]) for run in journal["run"][4:]] == [("succeeded", [])] * 2
    assert [each["target"] for each in journal["rollbacks"][0]["output"]] == ["neo4j"]


def held_in_background(home: FakeHome) -> list[dict[str, Any]]:
    """A fault for half a minute, and the method goes on when it is in force."""
    return [action("inject", background=True, kind="pretend", target="neo4j", duration=30), struck_one(home)]


def test_a_fault_that_somebody_else_ends_fails_its_activity_as_the_command_fails(home: FakeHome) -> None:
    journal = journal_of(home, [*held_in_background(home), elsewhere("heal", "--all")], [action("heal_all")])
    held, healed = run_of(journal, "inject"), run_of(journal, "elsewhere")
    assert healed["output"]["status"] == 0, healed
    assert held["status"] == "failed", held
    told = held["exception"][-1]
    assert re.fullmatch(
        r".*ActivityFailed: pretend of neo4j: ended after \d+\.\d s: it was healed by somebody else; "
        r"what became of it is in /\S+/timeline.jsonl; inject it again\n",
        told,
    ), told
    assert float(told.partition("ended after ")[2].split()[0]) < 30
    assert home.ledger.open_leases() == ()


@pytest.mark.parametrize(
    "healing", [action("heal_all"), action("heal", target="neo4j")], ids=["heal_all", "heal TARGET"]
)
def test_a_fault_that_its_own_experiment_ends_is_no_failure(home: FakeHome, healing: dict[str, Any]) -> None:
    journal = journal_of(home, [*held_in_background(home), healing], [])
    held, healed = run_of(journal, "inject"), run_of(journal, "heal")
    assert [each["target"] for each in healed["output"]] == ["neo4j"]
    assert held["status"] == "succeeded", held
    assert held["output"]["held_s"] < 30
    assert held["output"]["gone"] == "its file is not there"
    assert home.ledger.open_leases() == ()
