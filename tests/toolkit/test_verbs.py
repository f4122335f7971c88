"""The verbs of experiments: found, valid, and true to the words for faults."""

import inspect
import json
import subprocess
from typing import Any

import chaos_run
import pytest
from chaos_run import action, experiment
from fake_home import FakeHome

from chaos_aura.core.kind import Parameter
from chaos_aura.core.kinds import KINDS
from chaos_aura.toolkit import actions

_OWN = {"target", "duration", "injector"}
_OF_ANY_KIND = ("inject", "heal", "heal_all")
_OF_LOAD = ("drive_allocations", "stop_load")
_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}


def chaos(home: FakeHome, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        chaos_run.chaos(*words),
        cwd=home.root,
        env=home.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=chaos_run.RUN_WITHIN_S,
        check=False,
    )


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
    given |= {"shape": "peak", "rate_per_s": 2.0, "pattern": "poisson", "baseline_s": 12.0, "hold_s": 1.0, "tenants": 3}
    given |= {"canary_per_s": 5.0, "mix": {}}
    return {each["name"]: {**given, **own}[each["name"]] for each in verb["arguments"]}


def one_of(parameter: Parameter) -> Any:
    if parameter.default is not None:
        return parameter.default
    return "a_word" if parameter.type is str else parameter.type(parameter.least or 0)


def validated(home: FakeHome, method: list[dict[str, Any]]) -> "subprocess.CompletedProcess[str]":
    (home.root / "experiment.json").write_text(json.dumps(experiment(method)))
    return chaos(home, "validate", "experiment.json")


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
