"""The verbs of experiments: found, valid, and true to the words for faults; run by Chaos Toolkit itself."""

import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from awaiting import wait_until
from fake_home import FakeHome, fake_home, install_fake

from chaos_aura.core.kinds import KINDS
from chaos_aura.record.timeline import read_timeline
from chaos_aura.toolkit import actions

_RUN_WITHIN_S = 90
_OWN = {"target", "duration", "injector"}


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
    """Ends when something is in force."""
    until = f"until ls {home.ground.folder}/fake/struck/* >/dev/null 2>&1; do sleep 0.02; done"
    (home.root / "until.sh").write_text(until)
    provider = {"type": "process", "path": "/bin/sh", "arguments": [str(home.root / "until.sh")], "timeout": 60}
    return {"type": "action", "name": "wait", "provider": provider}


def journal_of(home: FakeHome, method: list[dict[str, Any]], rollbacks: list[dict[str, Any]]) -> dict[str, Any]:
    experiment = {
        "title": "a test",
        "description": "a test",
        "method": method,
        "rollbacks": rollbacks,
        "runtime": {"rollbacks": {"strategy": "always"}},
    }
    (home.root / "experiment.json").write_text(json.dumps(experiment))
    valid = chaos(home, "validate", "experiment.json")
    assert valid.returncode == 0, valid.stdout + valid.stderr
    done = chaos(home, "run", "experiment.json")
    assert (home.root / "journal.json").exists(), done.stdout + done.stderr
    return dict(json.loads((home.root / "journal.json").read_text()))


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
    done = chaos(home, "discover", "chaos-aura", "--no-install", "--discovery-path", "found.json")
    assert done.returncode == 0, done.stdout + done.stderr
    found = {each["name"]: each for each in json.loads((home.root / "found.json").read_text())["activities"]}
    assert set(found) == {*KINDS, "inject", "heal", "heal_all"}
    for each in found.values():
        assert each["doc"]
        assert each["type"] == "action"
    arguments = {each["name"]: each["type"] for each in found["latency"]["arguments"]}
    assert arguments == {
        "target": "string", "latency_ms": "number", "jitter_ms": "number", "direction": "string", "duration": "number",
        "injector": "string",
    }  # fmt: skip


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
    ]
    journal = journal_of(home, method, [])
    for run, says in zip(journal["run"], ["no such kind", "no such target", "latency", "no parameter"], strict=True):
        assert run["status"] == "failed"
        assert says in run["exception"][-1], run["exception"]
    assert home.ledger.leases() == {}


def test_a_fault_that_is_lost_fails_its_activity(home: FakeHome) -> None:
    experiment = [action("inject", background=True, kind="pretend", target="neo4j", duration=30)]
    struck = str(home.ground.folder / "fake" / "struck")
    provider = {"type": "python", "module": "shutil", "func": "rmtree", "arguments": {"path": struck}}
    lose = {"type": "action", "name": "lose it", "provider": provider}
    journal = journal_of(home, [*experiment, struck_one(home), lose], [])
    assert journal["run"][0]["status"] == "failed"
    assert "was lost after" in journal["run"][0]["exception"][-1]
    assert home.ledger.open_leases() == ()
