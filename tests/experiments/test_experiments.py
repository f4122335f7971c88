"""Every experiment means something to Chaos Toolkit and to the local stack, and tells a reader what it expects."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chaoslib.experiment import ensure_experiment_is_valid

from chaos_aura.core.kinds import KINDS
from chaos_aura.run.options import Options
from chaos_aura.stack.edges import EDGES
from chaos_aura.stack.services import LOCAL_SERVICES
from chaos_aura.toolkit.planned import Planned, planned_faults
from steady_states import hypotheses

_FOLDER = Path(__file__).parents[2] / "experiments"
_WANTED = """
    neo4j_down neo4j_crash neo4j_slow neo4j_partition_worker redis_down redis_cache_corrupted kafka_down kafka_partition
    kafka_slow temporal_down temporal_slow worker_crash worker_pause worker_cpu_starved api_crash_loop
    api_connection_flood council_agent_slow clock_skew_worker disk_full_kafka poison_event memory_pressure_neo4j
    everything_slow spike_under_neo4j_down without_breakers
"""
_CORE = {"neo4j_down", "redis_down", "kafka_partition", "temporal_down", "worker_crash", "without_breakers"}
_EXPERIMENTS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(_FOLDER.glob("*.json"))}
_HYPOTHESES = [getattr(hypotheses, name)() for name in hypotheses.__all__]
_TARGETS = {each.name for each in LOCAL_SERVICES} | {f"{client}.{service}" for client, service in EDGES}
_CONTROL = "chaos_aura.toolkit.control"
_LONGEST_S = 90.0
_FAILS = "expected-to-fail"


@pytest.fixture(params=_EXPERIMENTS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def experiment(name: str) -> dict[str, Any]:
    return dict(_EXPERIMENTS[name])


def faults(experiment: dict[str, Any]) -> Iterator[Planned]:
    yield from planned_faults(experiment, {}, {})


def test_there_is_each_that_was_promised() -> None:
    assert set(_EXPERIMENTS) == set(_WANTED.split())
    assert {name for name, each in _EXPERIMENTS.items() if "core" in each["tags"]} == _CORE
    assert {name for name, each in _EXPERIMENTS.items() if _FAILS in each["tags"]} == {"without_breakers"}


def test_each_has_a_title_of_its_own() -> None:
    titles = [each["title"] for each in _EXPERIMENTS.values()]
    assert len(set(titles)) == len(titles)


@pytest.mark.filterwarnings("default")  # of what Chaos Toolkit imports
def test_chaos_toolkit_takes_it(experiment: dict[str, Any]) -> None:
    ensure_experiment_is_valid(experiment)


def test_it_tells_a_reader_what_is_hurt_and_what_is_expected(experiment: dict[str, Any]) -> None:
    assert experiment["title"][-1] not in ".:"
    assert len(experiment["title"]) <= 80
    told = experiment["description"]
    assert len(re.findall(r"[.)](?:\s|$)", told)) >= 2
    assert re.search(r"(?:^|[.)] )Expected: \w", told)
    assert experiment["tags"]
    names = [each["name"] for each in experiment["method"]]
    assert len(set(names)) == len(names)


def test_it_tells_how_long_each_fault_lasts(experiment: dict[str, Any]) -> None:
    for fault in faults(experiment):
        assert not fault.duration or f" {fault.duration:g} s" in experiment["description"], fault.name


def test_the_readme_tells_of_it(name: str) -> None:
    table = (
        (_FOLDER.parent / "README.md").read_text(encoding="utf-8").partition("| experiment |")[2].partition("\n\n")[0]
    )
    assert f"`{name}`" in table
    assert set(re.findall(r"`(\w+)`", table)) == set(_EXPERIMENTS)


def test_our_control_conducts_it(experiment: dict[str, Any]) -> None:
    [control] = [each["provider"] for each in experiment["controls"] if each["provider"]["module"] == _CONTROL]
    assert Options.of(control.get("arguments", {})).budget_s == 30


def test_its_hypothesis_is_one_that_is_told_in_one_place(experiment: dict[str, Any]) -> None:
    assert experiment["steady-state-hypothesis"] in _HYPOTHESES


def test_whatever_happens_all_is_healed(experiment: dict[str, Any]) -> None:
    assert experiment["runtime"]["rollbacks"]["strategy"] == "always"
    assert "heal_all" in [each["provider"]["func"] for each in experiment["rollbacks"]]


def test_tenants_come_before_anything_is_hurt(experiment: dict[str, Any]) -> None:
    functions = [each["provider"]["func"] for each in experiment["method"]]
    assert functions[0] == "drive_allocations"
    assert functions.count("drive_allocations") == 1


def test_each_fault_of_it_means_something_on_the_local_stack(experiment: dict[str, Any]) -> None:
    planned = list(faults(experiment))
    assert planned
    for fault in planned:
        assert fault.target in _TARGETS, fault.name
        KINDS[fault.kind].read(fault.parameters)


def test_each_fault_of_it_has_an_end(experiment: dict[str, Any]) -> None:
    """But for a switch that stays thrown until the end of the run."""
    for fault in faults(experiment):
        kind = KINDS[fault.kind]
        momentary = kind.is_momentary(kind.read(fault.parameters))
        assert momentary or fault.duration > 0 or fault.kind == "set_flag", fault.name
        assert not (momentary and fault.duration), fault.name


def test_it_is_short_enough_for_a_game_day(experiment: dict[str, Any]) -> None:
    """What is asked for one after another; what goes on in the background may be the last to end."""
    now_s = longest_s = 0.0
    for activity in experiment["method"]:
        pauses = activity.get("pauses", {})
        arguments = activity["provider"].get("arguments", {})
        lasts_s = arguments.get("duration", arguments.get("baseline_s", 12.0) if _drives(activity) else 0.0)
        began_s = now_s + pauses.get("before", 0)
        longest_s = max(longest_s, began_s + lasts_s)
        now_s = (began_s if activity.get("background") else began_s + lasts_s) + pauses.get("after", 0)
    assert max(now_s, longest_s) + 10 < _LONGEST_S  # and the ten seconds for which a recovery must last


def _drives(activity: dict[str, Any]) -> bool:
    return bool(activity["provider"]["func"] == "drive_allocations")
