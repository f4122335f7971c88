"""The schema that editors use says what the code says, takes every experiment, and refuses what is misspelt in one."""

import copy
import importlib.util
import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from chaos_aura.core.errors import BadInput
from chaos_aura.core.kind import Parameter
from chaos_aura.core.kinds import KINDS
from chaos_aura.run.options import Options

_ROOT = Path(__file__).parents[2]
_EXPERIMENTS = sorted((_ROOT / "experiments").glob("*.json"))
_EXAMPLE = _ROOT / "experiments" / "neo4j_down.json"
_PARAMETERS = [(kind.name, each) for kind in KINDS.values() for each in kind.parameters]


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_schema", _ROOT / "scripts" / "make_schema.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_GENERATOR = generator()
_VALIDATOR = Draft202012Validator(json.loads(_GENERATOR.FILE.read_text(encoding="utf-8")))


def refused(document: Any) -> str:
    """Why, empty when it is not."""
    return "\n".join(error.message for error in _VALIDATOR.iter_errors(document))


def example() -> dict[str, Any]:
    return dict(json.loads(_EXAMPLE.read_text(encoding="utf-8")))


def with_action(func: str, **arguments: Any) -> dict[str, Any]:
    provider = {"type": "python", "module": "chaos_aura.toolkit.actions", "func": func, "arguments": arguments}
    return {**example(), "method": [{"type": "action", "name": func, "provider": provider}]}


def test_the_file_is_what_the_code_says() -> None:
    assert _GENERATOR.FILE.read_text(encoding="utf-8") == _GENERATOR.text(), "run: scripts/make_schema.py"


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(_VALIDATOR.schema)


@pytest.mark.parametrize("path", _EXPERIMENTS, ids=lambda path: path.stem)
def test_it_takes_every_experiment(path: Path) -> None:
    assert refused(json.loads(path.read_text(encoding="utf-8"))) == ""


def _hypothesis(experiment: dict[str, Any]) -> dict[str, Any]:
    return experiment["steady-state-hypothesis"]["probes"][4]  # type: ignore[no-any-return]


_MISSPELT: dict[str, Callable[[dict[str, Any]], Any]] = {
    "an action": lambda it: it["method"][1]["provider"].update(func="stopp"),
    "an action's argument": lambda it: it["method"][1]["provider"]["arguments"].update(durations=3),
    "an action's module": lambda it: it["method"][1]["provider"].update(module="chaos_aura.toolkit.action"),
    "a missing target": lambda it: it["method"][1]["provider"]["arguments"].pop("target"),
    "all arguments missing": lambda it: it["method"][1]["provider"].pop("arguments"),
    "a shape": lambda it: it["method"][0]["provider"]["arguments"].update(shape="base line"),
    "a duration": lambda it: it["method"][1]["provider"]["arguments"].update(duration="15 s"),
    "a control's argument": lambda it: it["controls"][0]["provider"]["arguments"].update(budget=30),
    "a control's value": lambda it: it["controls"][0]["provider"]["arguments"].update(budget_s=-1),
    "a safeguard": lambda it: it["controls"][0]["provider"]["arguments"].update(safeguards=[{"name": "x"}]),
    "a probe": lambda it: _hypothesis(it)["provider"].update(func="recovery_time"),
    "a probe's module": lambda it: _hypothesis(it)["provider"].update(module="probes.recoveries"),
    "a tolerance's argument": lambda it: _hypothesis(it)["tolerance"]["provider"]["arguments"].update(second=3),
    "no arguments of a tolerance": lambda it: _hypothesis(it)["tolerance"]["provider"].pop("arguments"),
    "no tolerance": lambda it: _hypothesis(it).pop("tolerance"),
    "a rollback": lambda it: it["rollbacks"][0]["provider"].update(func="heal_everything"),
    "no method": lambda it: it.pop("method"),
}


@pytest.mark.parametrize("what", _MISSPELT)
def test_it_refuses(what: str) -> None:
    experiment = copy.deepcopy(example())
    _MISSPELT[what](experiment)
    assert refused(experiment)


@pytest.mark.parametrize(("kind", "parameter"), _PARAMETERS, ids=lambda each: getattr(each, "name", each))
def test_bounds_and_choices_of_a_fault_are_those_of_its_kind(kind: str, parameter: Parameter) -> None:
    needed = {each.name: good(each) for each in KINDS[kind].parameters if each.default is None}
    for value, is_good in ((good(parameter), True), *((each, False) for each in bad(parameter))):
        try:
            parameter.read(value)
        except ValueError:
            assert not is_good
        else:
            assert is_good
        why = refused(with_action(kind, target="redis", **{**needed, parameter.name: value}))
        assert (why == "") is is_good, (value, why)


def good(parameter: Parameter) -> Any:
    if parameter.choices:
        return parameter.choices[-1]
    if parameter.type is str:
        return "lnn_cost_optimizer"
    return parameter.type is bool or parameter.least


def bad(parameter: Parameter) -> list[Any]:
    if parameter.type is bool:
        return ["perhaps"]
    if parameter.type is str:
        return ["nonsense"] if parameter.choices else [""]
    return [each for each in (_beyond(parameter.least, -1), _beyond(parameter.most, 1)) if each is not None]


def _beyond(bound: float | None, by: int) -> float | None:
    return None if bound is None else bound + by


def test_what_a_substitution_gives_is_not_looked_at() -> None:
    assert refused(with_action("stop", target="redis", duration="${how_long}")) == ""


def test_it_tells_of_every_argument_of_the_control_with_its_default() -> None:
    told = _VALIDATOR.schema["$defs"]["control"]["then"]["properties"]["provider"]["properties"]["arguments"]
    defaults = {each.name: each.default for each in fields(Options)}
    assert {name: each["default"] for name, each in told["properties"].items()} == {
        name: list(default) if isinstance(default, tuple) else default for name, default in defaults.items()
    }
    assert all(each["description"] for each in told["properties"].values())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("budget_s", 86_400),
        ("budget_s", 86_401),
        ("limit_s", "long"),
        ("least_disk_mb", -1),
        ("least_memory_mb", 0),
        ("seed", 7),
        ("seed", "seven"),
        ("services", ["redis"]),
        ("services", "redis"),
        ("bystanders", [1]),
    ],
)
def test_it_refuses_of_the_control_what_the_control_refuses(name: str, value: Any) -> None:
    experiment = example()
    experiment["controls"][0]["provider"]["arguments"] = {name: value}
    try:
        Options.of({name: value})
    except BadInput:
        assert refused(experiment)
    else:
        assert refused(experiment) == ""


def test_an_editor_shows_a_sentence_for_every_argument_of_an_action() -> None:
    for name, told in _VALIDATOR.schema["$defs"].items():
        if name.startswith("chaos_aura."):
            arguments = told["properties"]["arguments"]
            assert arguments["description"]
            silent = [each for each, how in arguments["properties"].items() if not how.get("description")]
            assert silent == [], name
