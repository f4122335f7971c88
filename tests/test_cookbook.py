"""Every experiment of the cookbook, and every piece of one, means something to Chaos Toolkit and to our functions."""

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from chaoslib.experiment import ensure_experiment_is_valid
from jsonschema import Draft202012Validator

from chaos_aura.core.outcome import RunOutcome
from chaos_aura.load.shapes import NAMES
from chaos_aura.run.options import Options

_ROOT = Path(__file__).parents[1]
_PAGE = (_ROOT / "docs" / "cookbook.md").read_text(encoding="utf-8")
_SCHEMA = _ROOT / "chaos_aura" / "toolkit" / "schema" / "experiment.schema.json"
_VALIDATOR = Draft202012Validator(json.loads(_SCHEMA.read_text(encoding="utf-8")))


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", _PAGE, re.MULTILINE | re.DOTALL)


_PIECES = [json.loads(block) for block in blocks("json")]
_WHOLE = [piece for piece in _PIECES if {"title", "method"} <= piece.keys()]


def around(piece: dict[str, Any]) -> dict[str, Any]:
    """An activity stands in the method of the first experiment; what is neither adds to it."""
    if "provider" in piece:
        return {**_WHOLE[0], "method": [piece]}
    return {**_WHOLE[0], **piece}


@pytest.fixture(autouse=True)
def _what_it_speaks_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [module] = blocks("python")
    name = re.search(r'"""(\w+\.py)"""', module)
    assert name
    (tmp_path / name[1]).write_text(module, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("MAIL_PASSWORD", "hunter22")


def test_it_has_whole_experiments_and_pieces() -> None:
    assert len(_WHOLE) == 2
    assert len(_PIECES) > 10


@pytest.mark.filterwarnings("default")  # of what Chaos Toolkit imports
@pytest.mark.parametrize("number", range(len(_PIECES)))
def test_chaos_toolkit_takes_it(number: int) -> None:
    ensure_experiment_is_valid(around(_PIECES[number]))


@pytest.mark.parametrize("number", range(len(_PIECES)))
def test_our_functions_take_it(number: int) -> None:
    assert [error.message for error in _VALIDATOR.iter_errors(around(_PIECES[number]))] == []


def test_its_last_experiment_is_made_of_its_steps() -> None:
    first, last = _WHOLE
    assert first["controls"] == last["controls"]
    [tenants] = [piece for piece in _PIECES if piece.get("name") == "tenants ask for GPUs"]
    [refused] = [piece for piece in _PIECES if piece.get("name") == "nobody is refused meanwhile"]
    assert last["method"][0] == tenants
    assert last["method"][-1] == refused
    assert {"rollbacks": last["rollbacks"], "runtime": last["runtime"]} in _PIECES


def test_its_schema_is_where_it_says() -> None:
    [path] = [piece["$schema"] for piece in _PIECES if "$schema" in piece]
    assert (_ROOT / "experiments" / path).resolve() == _SCHEMA


def rows(heading: str) -> list[list[str]]:
    table = _PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_it_tells_of_each_argument_of_the_control_with_its_default() -> None:
    told = [(name, each) for names, default, *_ in rows("What the control can be told")
            for name, each in zip(re.findall(r"`(\w+)`", names), default.split(", "), strict=True)]  # fmt: skip
    defaults = {"services": "all"} | {
        each.name: f"{each.default:g}" for each in fields(Options) if isinstance(each.default, float)
    }
    assert told == [(each.name, defaults.get(each.name, "none")) for each in fields(Options)]


def test_it_tells_of_each_outcome_what_to_do() -> None:
    told = {outcome.strip("`"): verdict for outcome, verdict, what in rows("Outcomes") if what}
    assert told == {each.value: each.verdict.value for each in RunOutcome}


def test_it_tells_of_each_shape() -> None:
    [row] = [what for names, what in rows("3. Tenants") if names == "`shape`"]
    assert set(re.findall(r"`(\w+)`", row)) == set(NAMES)
