"""Writes the JSON Schema of experiments, for editors: our actions, control, probes and tolerances, from the code.

.venv/bin/python scripts/make_schema.py            writes it; tests hold the file to the code
"""

import importlib
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from chaos_aura.core.kind import Parameter
from chaos_aura.core.kinds import KINDS
from chaos_aura.load.arrivals import Pattern
from chaos_aura.load.shapes import NAMES
from chaos_aura.run.options import Options

Schema = dict[str, Any]

FILE = Path(__file__).resolve().parents[1] / "chaos_aura" / "toolkit" / "schema" / "experiment.schema.json"
ACTIONS, CONTROL = "chaos_aura.toolkit.actions", "chaos_aura.toolkit.control"
PROBES = ("health", "latency", "breakers", "recovery", "consistency", "load", "resources")
TOLERANCES = ("health", "latency", "breakers", "recovery", "consistency", "load")
_OURS = {"actions": r"chaos_aura\.", "probes": r"probes\.", "tolerances": r"steady_states\."}

_DAY_S = 24 * 3600
_TYPES = {str: "string", float: "number", int: "integer", bool: "boolean"}
_SUBSTITUTED: Schema = {"$ref": "#/$defs/substituted"}
_SECONDS: Schema = {"type": "number", "minimum": 0, "maximum": _DAY_S}
_MEGABYTES: Schema = {"type": "number", "minimum": 0}
_NAMES: Schema = {"type": "array", "items": {"type": "string"}}

# What a signature does not say.
_OWN_WORDS: dict[str, tuple[Schema, str]] = {
    "target": (
        {"type": "string", "minLength": 1},
        "What is hurt: a service (`redis`, `worker-2`), or an edge, the path of one client to one service "
        "(`worker.redis`). For faults of the network a service means all edges into it.",
    ),
    "duration": (
        {"type": "number", "minimum": 0},
        "Seconds for which it is held; the activity ends when it is proven gone. 0: it goes on until `heal_all`, the "
        "end of the run, or `default_s` of chaos-aura.toml.",
    ),
    "kind": ({"type": "string"}, "A kind of fault, as `chaos-aura faults` lists them."),
    "lease": ({"type": "string"}, "The id of one fault that is open."),
    "injector": ({"type": "string"}, "Which mechanism does it. Empty: the first that can; see `chaos-aura faults`."),
}
_BOUNDS: dict[str, Schema] = {
    "shape": {"enum": list(NAMES)},
    "pattern": {"enum": [each.value for each in Pattern]},
    "rate_per_s": {"minimum": 0, "maximum": 10_000},
    "baseline_s": {"exclusiveMinimum": 0, "maximum": 60},
    "hold_s": {"minimum": 0},
    "tenants": {"minimum": 1},
    "canary_per_s": {"minimum": 0},
    "window_s": {"minimum": 0},
    "since_s": {"minimum": 0},
    "share": {"minimum": 0, "maximum": 1},
    "tries": {"minimum": 1},
}
_WEIGHTS: Schema = {"type": "object", "additionalProperties": {"type": "number", "minimum": 0}}
_MIX: Schema = {
    "type": "object",
    "properties": {"gpu_types": _WEIGHTS, "counts": _WEIGHTS, "priorities": _WEIGHTS},
    "required": ["gpu_types", "counts", "priorities"],
    "additionalProperties": False,
}
_CONTROL: dict[str, tuple[Schema, str]] = {
    "budget_s": (_SECONDS, "How long recovery may take, in seconds."),
    "limit_s": (_SECONDS, "How long the whole run may take, in seconds; 0: as long as it does."),
    "wait_s": (_SECONDS, "How long to wait for the end of another run on the same stack; 0: refuse at once."),
    "seed": (
        {"type": ["integer", "null"]},
        "Decides every arrival of the load and what it asks for. CHAOS_AURA_SEED in the environment wins.",
    ),
    "services": (_NAMES, "Which services must be up; all when none is named."),
    "least_disk_mb": (_MEGABYTES, "The run is stopped when less is free on the disk; 0: never."),
    "least_memory_mb": (_MEGABYTES, "The run is stopped when less memory is free; 0: never."),
    "bystanders": (_NAMES, "Services that no fault is meant for: the run fails when one of them gets unwell."),
    "safeguards": (
        {"type": "array", "items": {"$ref": "#/$defs/probe_with_tolerance"}},
        "Probes with tolerances that are looked at all the time: the run is stopped when one does not hold.",
    ),
}


def schema() -> Schema:
    groups = {
        "actions": [(ACTIONS, name, function) for name, function in _listed(ACTIONS)],
        "probes": list(_of("probes", PROBES)),
        "tolerances": list(_of("steady_states", TOLERANCES)),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An experiment of Chaos Toolkit with chaos-aura",
        "description": "Chaos Toolkit's own keys are described as far as chaos-aura needs them.",
        "type": "object",
        "properties": {
            "title": {"type": "string", "minLength": 1, "description": "One line: what is hurt, and what is expected."},
            "description": {
                "type": "string",
                "minLength": 1,
                "description": "What is hurt, how, and what is expected.",
            },
            "tags": {"type": "array", "items": {"type": "string", "minLength": 1}},
            "controls": {"type": "array", "items": {"$ref": "#/$defs/control"}},
            "steady-state-hypothesis": {"$ref": "#/$defs/hypothesis"},
            "method": {"type": "array", "items": {"$ref": "#/$defs/activity"}},
            "rollbacks": {"type": "array", "items": {"$ref": "#/$defs/activity"}},
        },
        "required": ["title", "description", "method"],
        "$defs": {
            "substituted": {
                "description": "From `configuration` or `secrets`.",
                "type": "string",
                "pattern": r"\$\{.+\}",
            },
            "control": _control(),
            "hypothesis": {
                "description": "What must be true before anything is hurt, and again once it is over.",
                "type": "object",
                "properties": {
                    "title": {"type": "string"},
                    "probes": {"type": "array", "items": {"$ref": "#/$defs/probe_with_tolerance"}},
                },
                "required": ["title", "probes"],
            },
            "activity": _activity(),
            "probe_with_tolerance": {
                "allOf": [{"$ref": "#/$defs/activity"}, {"required": ["tolerance"]}],
            },
            "provider": _provider(groups),
            **{name: _group(name, functions) for name, functions in groups.items()},
            **{_key(module, name): _arguments(module, name, f) for some in groups.values() for module, name, f in some},
        },
    }


def text() -> str:
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def _listed(module: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    loaded = importlib.import_module(module)
    for name in sorted(loaded.__all__):
        yield name, getattr(loaded, name)


def _of(package: str, names: tuple[str, ...]) -> Iterator[tuple[str, str, Callable[..., Any]]]:
    for each in names:
        for name, function in _listed(f"{package}.{each}"):
            yield f"{package}.{each}", name, function


def _control() -> Schema:
    ours = {"properties": {"module": {"const": CONTROL}}, "required": ["module"]}
    return {
        "type": "object",
        "properties": {"name": {"type": "string"}, "provider": {"type": "object"}},
        "required": ["name", "provider"],
        "if": {"properties": {"provider": ours}},
        "then": {"properties": {"provider": {"properties": {"arguments": _control_arguments()}}}},
    }


def _control_arguments() -> Schema:
    defaults = {each.name: each.default for each in fields(Options)}
    return {
        "type": "object",
        "properties": {
            name: {**told, "description": sentence, **_default(defaults[name])}
            for name, (told, sentence) in _CONTROL.items()
        },
        "additionalProperties": False,
    }


def _default(value: Any) -> Schema:
    if value is MISSING or value is inspect.Parameter.empty:
        return {}
    return {"default": list(value) if isinstance(value, tuple) else value}


def _activity() -> Schema:
    return {
        "type": "object",
        "properties": {
            "type": {"enum": ["action", "probe"]},
            "name": {"type": "string", "description": "What happens, in a sentence for people."},
            "provider": {"$ref": "#/$defs/provider"},
            "background": {"type": "boolean", "description": "Goes on beside what follows.", "default": False},
            "pauses": {
                "type": "object",
                "description": "Seconds of waiting before and after.",
                "properties": {
                    when: {"anyOf": [{"type": "number", "minimum": 0}, _SUBSTITUTED]} for when in ("before", "after")
                },
            },
            "tolerance": {
                "description": "What the probe's value must be, or a probe of `steady_states` that judges it.",
                "if": {"type": "object", "required": ["provider"]},
                "then": {"properties": {"provider": {"$ref": "#/$defs/provider"}}},
            },
        },
        "anyOf": [{"required": ["type", "name", "provider"]}, {"required": ["ref"]}],
    }


def _provider(groups: Mapping[str, list[tuple[str, str, Any]]]) -> Schema:
    modules = sorted({module for functions in groups.values() for module, _, _ in functions})
    return {
        "type": "object",
        "properties": {"type": {"enum": ["python", "process", "http"]}},
        "required": ["type"],
        "if": {"properties": {"type": {"const": "python"}}},
        "then": {
            "properties": {
                "module": {"type": "string", "examples": modules},
                "func": {"type": "string"},
                "arguments": {"type": "object"},
            },
            "required": ["module", "func"],
            "allOf": [
                {"if": _is("module", pattern=f"^{pattern}"), "then": {"$ref": f"#/$defs/{group}"}}
                for group, pattern in _OURS.items()
            ],
        },
    }


def _is(name: str, value: str = "", pattern: str = "") -> Schema:
    return {"properties": {name: {"pattern": pattern} if pattern else {"const": value}}, "required": [name]}


def _group(name: str, functions: list[tuple[str, str, Any]]) -> Schema:
    """Which functions there are in which module, and what each can be told."""
    by_module: dict[str, list[str]] = {}
    for module, function, _ in functions:
        by_module.setdefault(module, []).append(function)
    return {
        "description": f"Our {name}.",
        "properties": {"module": {"enum": list(by_module)}},
        "allOf": [
            {
                "if": _is("module", module),
                "then": {
                    "properties": {"func": {"enum": known}},
                    "allOf": [
                        {"if": _is("func", each), "then": {"$ref": f"#/$defs/{_key(module, each)}"}} for each in known
                    ],
                },
            }
            for module, known in by_module.items()
        ],
    }


def _key(module: str, name: str) -> str:
    return f"{module}.{name}"


def _arguments(module: str, name: str, function: Callable[..., Any]) -> Schema:
    """`value` is what Chaos Toolkit itself gives a tolerance; an experiment does not."""
    is_tolerance = module.startswith("steady_states.")
    given = inspect.signature(function).parameters.values()
    parameters = [each for each in given if not (is_tolerance and each.name == "value")]
    hints, told = get_type_hints(function), _sentences(function)
    required = [each.name for each in parameters if each.default is inspect.Parameter.empty]
    kind = KINDS.get(name) if module == ACTIONS else None
    named = {each.name: each for each in kind.parameters} if kind else {}
    arguments: Schema = {
        "type": "object",
        "properties": {
            each.name: _argument(each, hints[each.name], told.get(each.name, ""), named.get(each.name))
            for each in parameters
        },
        "additionalProperties": False,
    }
    if required:
        arguments["required"] = required
    must_be_there = ["arguments"] if required or is_tolerance else []
    return {
        "properties": {
            "func": {"description": _summary(function)},
            "arguments": {"description": _summary(function), **arguments},
        },
        **({"required": must_be_there} if must_be_there else {}),
    }


def _argument(given: inspect.Parameter, hint: Any, sentence: str, parameter: Parameter | None) -> Schema:
    own, own_sentence = _OWN_WORDS.get(given.name, ({}, ""))
    bounded = {**_typed(hint), **_BOUNDS.get(given.name, {}), **own}
    if parameter is not None:
        bounded = {**_typed(parameter.type), **_bounds_of(parameter)}
        sentence = parameter.sentence
    if given.name == "mix":
        bounded = _MIX
    described: Schema = {"anyOf": [bounded, _SUBSTITUTED]}
    if words := sentence or own_sentence:
        described["description"] = words
    return {**described, **_default(given.default)}


def _bounds_of(parameter: Parameter) -> Schema:
    bounds = {"minimum": parameter.least, "maximum": parameter.most, "enum": list(parameter.choices) or None}
    texts = {"minLength": 1} if parameter.type is str and not parameter.choices else {}
    return {**texts, **{name: bound for name, bound in bounds.items() if bound is not None}}


def _typed(hint: Any) -> Schema:
    if get_origin(hint) in (Union, UnionType):
        [hint] = [each for each in get_args(hint) if each is not NoneType]
    return {"type": "object" if get_origin(hint) is dict else _TYPES[hint]}


def _summary(function: Callable[..., Any]) -> str:
    return " ".join((inspect.getdoc(function) or "").partition("\n\n")[0].split())


def _sentences(function: Callable[..., Any]) -> dict[str, str]:
    """`rate_per_s: allocations a second, instead of a shape.` in its docstring."""
    names = set(inspect.signature(function).parameters)
    found = re.findall(r"(?:^|\s)(\w+): ((?:[^.]|\.\d)+\.)", inspect.getdoc(function) or "")
    return {name: " ".join(sentence.split()) for name, sentence in found if name in names}


def main() -> int:
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(text(), encoding="utf-8")
    sys.stdout.write(f"schema: {FILE.relative_to(Path.cwd())}\n" if FILE.is_relative_to(Path.cwd()) else f"{FILE}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
