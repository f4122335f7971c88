"""The page on probes and tolerances tells of each, and of nothing else, with the arguments that it has."""

import importlib
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "probes.md").read_text()
MEASURED = ("health", "latency", "breakers", "recovery", "consistency", "load")
MODULES = (
    *(f"{package}.{name}" for package in ("probes", "steady_states") for name in MEASURED),
    "probes.resources",
    "steady_states.hypotheses",
)


def functions() -> dict[str, list[str]]:
    found = {}
    for module in map(importlib.import_module, MODULES):
        for name in module.__all__:
            parameters = inspect.signature(getattr(module, name)).parameters
            found[f"{module.__name__}.{name}"] = [each for each in parameters if each != "value"]
    return found


def test_it_tells_of_each_function_with_its_arguments() -> None:
    told = {
        name: re.findall(r"(\w+)(?:=[^,)]*)?(?:, |$)", arguments)
        for name, arguments in re.findall(r"`((?:probes|steady_states)\.\w+\.\w+)(?:\(([^)]*)\))?`", PAGE)
    }
    assert told == functions()


def test_its_command_prints_a_hypothesis() -> None:
    (command,) = re.findall(r'^    python -c "(.*)"$', PAGE, re.MULTILINE)
    printed = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(printed.stdout)["probes"]
