"""Plans: what is read is what was written, and nothing half understood is carried out."""

import json
from pathlib import Path
from typing import Any

import pytest

from chaos_aura.core.errors import BadInput
from chaos_aura.load.arrivals import Pattern
from chaos_aura.load.mix import Mix
from chaos_aura.load.plan import LoadPlan
from chaos_aura.load.shapes import Phase, shaped, steady

PLAN = LoadPlan(
    url="http://127.0.0.1:21033",
    tag="01kb7q9x3m",
    phases=(*shaped("spike", 60, 10), steady("end", 3, 2)),
    seed=-7,
    pattern=Pattern.POISSON,
    tenants=3,
    mix=Mix({"a100": 1.0}, {1: 1.0, 4: 0.5}, {"high": 1.0}),
    hold_s=0.5,
    hours=0.1,
    timeout_s=3.0,
    canary_per_s=5.0,
    drain_s=4.0,
)


def row(**changed: Any) -> dict[str, Any]:
    return {**json.loads(json.dumps(PLAN.to_dict())), **changed}


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    PLAN.write(tmp_path)
    assert LoadPlan.read(tmp_path) == PLAN


def test_what_is_not_said_is_as_usual() -> None:
    said = {name: row()[name] for name in ("url", "tag", "phases", "seed")}
    assert LoadPlan.from_dict(said) == LoadPlan(PLAN.url, PLAN.tag, PLAN.phases, PLAN.seed)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"rate": 3}, "load: rate is not known; there are: url, tag, phases"),
        ({"url": "127.0.0.1:21033"}, "url is '127.0.0.1:21033'; give http://HOST:PORT"),
        ({"url": "https://127.0.0.1:21033"}, "url is"),
        ({"url": "http://127.0.0.1"}, "url is"),
        ({"url": "http://127.0.0.1:1/allocations"}, "url is"),
        ({"url": 3}, "url is 3; give a text"),
        ({"tag": "with space"}, "tag is 'with space'; give 1 to 80 letters"),
        ({"tag": ""}, "tag is ''"),
        ({"phases": []}, r"phases is \[\]; give one phase or more"),
        ({"phases": 3}, "phases is 3; give a list of phases"),
        ({"phases": [{"name": "x"}]}, "a phase is {'name': 'x'}; give name, lasts_s, from_per_s, to_per_s"),
        ({"phases": [{"name": 1, "lasts_s": 1, "from_per_s": 1, "to_per_s": 1}]}, "the name of a phase is 1"),
        ({"phases": [{"name": "a", "lasts_s": True, "from_per_s": 1, "to_per_s": 1}]}, "lasts_s is True"),
        ({"seed": 1.5}, "seed is 1.5; give a whole number"),
        ({"pattern": "bursts"}, "pattern is 'bursts'; give one of: constant, poisson"),
        ({"tenants": 0}, "tenants is 0; give a number from 1 to 10000"),
        ({"hold_s": 360}, "hours is 0.1; give more than the 360 s for which each is held"),
        ({"hold_s": -1}, "hold_s is -1"),
        ({"hold_s": "1"}, "hold_s is '1'; give a number"),
        ({"timeout_s": 0}, "timeout_s is 0"),
        ({"canary_per_s": 1e9}, "canary_per_s is"),
        ({"drain_s": float("inf")}, "drain_s is inf"),
        ({"mix": 3}, "mix is 3"),
        ({"mix": {"gpu_types": {"t4": 1}}}, "give gpu_types, counts and priorities"),
        ({"mix": {**row()["mix"], "counts": {"one": 1}}}, "counts is {'one': 1}"),
        ({"mix": {**row()["mix"], "counts": {"0": 1}}}, "a count is below 1"),
        ({"mix": {**row()["mix"], "gpu_types": {"t4": 0}}}, "gpu_types has the weights"),
        ({"mix": {**row()["mix"], "priorities": {"low": -1, "high": 2}}}, "priorities has the weights"),
    ],
)
def test_what_cannot_be_understood_is_refused(changed: dict[str, Any], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        LoadPlan.from_dict(row(**changed))


@pytest.mark.parametrize("missing", ["url", "tag", "phases", "seed"])
def test_what_must_be_said_is_missed(missing: str) -> None:
    said = row()
    del said[missing]
    with pytest.raises(BadInput, match=f"{missing} is missing"):
        LoadPlan.from_dict(said)


@pytest.mark.parametrize("content", ["", "[", "3", '"text"', "[1]"])
def test_a_file_that_is_no_plan_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "load.json").write_text(content, encoding="utf-8")
    with pytest.raises(BadInput):
        LoadPlan.read(tmp_path)
    with pytest.raises(BadInput, match="nowhere"):
        LoadPlan.read(tmp_path / "nowhere")


def test_its_arrivals_are_known_from_when_it_began() -> None:
    plan = LoadPlan("http://127.0.0.1:1", "t", (steady("a", 2, 4),), 1, canary_per_s=2)
    assert plan.arrivals_ns(1000) == [1000 + int((nth + 0.5) * 1e9 / 4) for nth in range(8)]
    assert plan.canaries_ns(1000) == [1000 + int((nth + 0.5) * 1e9 / 2) for nth in range(4)]


def test_it_knows_its_phase_and_rate_at_any_time() -> None:
    plan = LoadPlan("http://127.0.0.1:1", "t", (steady("a", 2, 4), Phase("b", 10, 0, 50)), 1)
    seen = [plan.at(since_s) for since_s in (-1, 0, 1.9, 2, 7, 11.9, 12, 100)]
    assert seen[:5] == [("a", 4), ("a", 4), ("a", 4), ("b", 0), ("b", 25)]
    assert seen[5] == ("b", pytest.approx(49.5))
    assert seen[6:] == [("b", 0), ("b", 0)]
