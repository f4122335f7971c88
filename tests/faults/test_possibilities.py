"""What `chaos-aura faults` says of the injectors that are really installed, on a stack that really runs."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from grounds import ground_of

from chaos_aura.core.errors import MachineLacks, PlugInBroken
from chaos_aura.core.kind import Kind, Parameter
from chaos_aura.core.kinds import KINDS
from chaos_aura.faults.fake import FakeInjector
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.possibilities import Possibility, not_installed, possibilities, sample_of
from chaos_aura.faults.registry import Registry
from chaos_aura.stack.cache import Cache
from chaos_aura.stack.clocks import clock_library
from chaos_aura.stack.running import RunningStack

_PARAMETERS_OF = ("ask for", "give an offset_s")  # remedies of who refuses what he was told, not whom to do it to


@pytest.fixture(scope="module")
def rows(stack: RunningStack) -> Mapping[str, Possibility]:
    ground = ground_of(stack)
    return {row.kind.name: row for row in possibilities(Registry.installed(ground), ground.catalogue)}


@pytest.mark.live
@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("memory_fill", "redis"),
        ("memory_fill", "kafka"),
        ("disk_full", "redis"),
        ("disk_full", "kafka"),
        ("memory_limit", "redis"),
        ("fd_limit", "neo4j"),
        ("connection_flood", "worker.redis"),
        ("fail_agent", "worker"),
    ],
)
def test_what_this_machine_can_is_listed(rows: Mapping[str, Possibility], kind: str, target: str) -> None:
    able = [injector for injector, targets in rows[kind].by_injector.items() if target in targets]
    assert able, rows[kind].refused[target]
    assert target not in rows[kind].refused


@pytest.mark.live
def test_the_clock_of_kafka_can_be_skewed_where_any_can(rows: Mapping[str, Possibility]) -> None:
    """A week ahead it would delete its events; nobody has asked for that. Whether any clock can be moved here is tried
    with the library itself."""
    try:
        clock_library(Cache.of_user(os.environ), os.environ)
    except MachineLacks as lacking:
        pytest.skip(str(lacking))
    assert {"redis", "kafka", "worker"} <= set(rows["clock_skew"].by_injector["clock"])


@pytest.mark.live
def test_nothing_is_listed_as_impossible_for_want_of_other_parameters(rows: Mapping[str, Possibility]) -> None:
    about_parameters = [
        (row.kind.name, target, refusal.why, refusal.remedy)
        for row in rows.values()
        for target, refusals in row.refused.items()
        for refusal in refusals.values()
        if refusal.remedy.startswith(_PARAMETERS_OF)
    ]
    assert about_parameters == []


def test_every_word_is_in_one_of_the_two_lists(tmp_path: Path) -> None:
    registry = Registry.installed(Ground(tmp_path, {}))
    named = [row.kind.name for row in (*possibilities(registry, None), *not_installed(registry))]
    assert sorted(named) == sorted({*KINDS, *registry.kinds})


def test_what_only_a_broken_plug_in_would_do_is_still_told(tmp_path: Path) -> None:
    broken = PlugInBroken("plug-in toxiproxy (x:Y)", "cannot be made")
    registry = Registry((FakeInjector(Ground(tmp_path, {})),), (broken,))
    assert [row.kind.name for row in possibilities(registry, None)] == ["pretend"]
    [loss] = not_installed(registry, "packet_loss")
    assert loss.summary.startswith("cannot: no injector for it is installed (an injector on the kernel's own network")
    [row] = not_installed(registry, "latency")
    assert row.summary.startswith("cannot: no injector for it is installed (install a plug-in that does it")
    assert row.summary.endswith("or mend the one that is broken)")


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_what_is_asked_with_could_be_said(kind: Kind) -> None:
    assert kind.read(sample_of(kind)) == sample_of(kind)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        (Parameter("a", int, "whole", least=-1000, most=1000), 1),
        (Parameter("a", int, "whole", least=5, most=1000), 5),
        (Parameter("a", float, "a part", least=0, most=0.5), 0.5),
        (Parameter("a", int, "whole"), 1),
        (Parameter("a", int, "whole", most=9, sample=7), 7),
        (Parameter("a", int, "whole", default=3, sample=0), 0),
        (Parameter("a", int, "whole", default=0), 0),
        (Parameter("a", bool, "a flag"), False),
        (Parameter("a", str, "a word", choices=("x", "y")), "x"),
    ],
)
def test_a_strangers_parameter_is_given_something_modest(parameter: Parameter, value: object) -> None:
    assert sample_of(Kind("own", "do something", (parameter,))) == {"a": value}
