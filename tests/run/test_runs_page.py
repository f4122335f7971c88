"""The page on runs tells of every field of result.json, of every outcome and every file, and of nothing else."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from inspect import getmembers
from pathlib import Path
from typing import Any

import pytest

from chaos_aura.core.operation import ALLOCATE, CANARY, RELEASE, Operation, Outcome
from chaos_aura.core.outcome import RunOutcome
from chaos_aura.core.project import Project
from chaos_aura.core.verdict import passed
from chaos_aura.judge.baseline import Baseline
from chaos_aura.judge.consistency.stores.agreement import STORES
from chaos_aura.judge.consistency.stores.finding import Kind
from chaos_aura.judge.exactly_once import exactly_once
from chaos_aura.judge.moment import Moment
from chaos_aura.judge.quality import Defect
from chaos_aura.judge.recovery import Outage, Recovery, State
from chaos_aura.load.arrivals import Pattern
from chaos_aura.load.plan import LoadPlan
from chaos_aura.load.shapes import NAMES
from chaos_aura.load.state import Doing, LoadState
from chaos_aura.record.rows import Recorded, Rows
from chaos_aura.record.stores import Stores
from chaos_aura.run.about import About
from chaos_aura.run.evidence import Evidence
from chaos_aura.run.faults import FaultStory
from chaos_aura.run.folder import RunFolder
from chaos_aura.run.load_wanted import LoadWanted
from chaos_aura.run.observation import CANARIES, TENANTS, Observation
from chaos_aura.run.options import Options
from chaos_aura.run.outage import counts_from
from chaos_aura.run.result import result
from chaos_aura.run.revision import Revision
from chaos_aura.run.run import Run
from chaos_aura.run.samples import Samples
from chaos_aura.run.watching import Watched

_PAGE = (Path(__file__).parents[2] / "docs" / "runs.md").read_text(encoding="utf-8")
_S = 1_000_000_000
_UNTIL_NS = 60 * _S
# What lies within these is told in a sentence, or its names are not ours.
_WHOLE = {"faults[].parameters", "recovery.bad", "consistency.counts", "consistency.missing", "versions"}
_WHOLE |= {f"consistency.{kind.value}" for kind in Kind}
_ENDED = LoadState(Doing.ENDED, due=3, begun=3, hold_s=1.0)
_RUNNING = LoadState(Doing.RUNNING, rate_per_s=4.5)
_MOMENTS = re.compile(r"\.(low_s|at_s|high_s)$")


def told_fields() -> set[str]:
    table = _PAGE.partition("| field | type |")[2].partition("\n\n")[0]
    return {name for row in table.splitlines()[2:] for name in re.findall(r"`([^`]+)`", row.split("|")[1])}


def written_fields(value: Any, path: str = "") -> Iterator[str]:
    """`faults[].lease`, `recovery.degraded`, `operations.WHAT.ok`"""
    if path in _WHOLE:
        yield path
    elif isinstance(value, Mapping) and value:
        for key, each in value.items():
            name = "WHAT" if path == "operations" else key
            yield from written_fields(each, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        for each in value:
            yield from written_fields(each, f"{path}[]")
    else:
        yield _MOMENTS.sub("", path)


def allocated(request: str, due_s: float, ended_s: float, *gpus: str) -> Operation:
    """Refused when it names no GPU."""
    outcome, answered = (Outcome.OK, {"gpu_ids": gpus}) if gpus else (Outcome.FAIL, {"why": "temporal_away"})
    due_ns, asked = int(due_s * _S), {"request_id": request}
    return Operation(request, ALLOCATE, "t", due_ns, due_ns, int(ended_s * _S), outcome, asked, answered)


def operations() -> list[Operation]:
    """Some that went well, one late and alone with it, one that failed; and two that held one GPU."""
    good = [allocated(f"g{n}", n / 10, n / 10 + 0.1, f"t4-{n}") for n in range(200)]
    slow, bad = allocated("s", 8.05, 12.0, "t4-300"), allocated("b", 40.0, 40.1)
    twice = [allocated("x", 30.0, 30.1, "t4-400"), allocated("y", 30.2, 30.3, "t4-400")]
    canary = Operation("c", CANARY, "canary", _S, _S, 2 * _S, Outcome.OK)
    released = Operation("x-", RELEASE, "t", 35 * _S, 35 * _S, 36 * _S, Outcome.OK, {"request_id": "x"})
    return [*good, slow, bad, *twice, released, canary]


@dataclass(frozen=True)
class RecordedLoad:
    """A load that is over, as far as a result asks for it."""

    operations: list[Operation]
    wanted: LoadWanted = field(default_factory=LoadWanted)
    capacity_per_s: float = 15.0
    capacity_origin: str = "measured"
    state: LoadState = _ENDED
    last: LoadState = _RUNNING

    @property
    def baselines(self) -> dict[str, Baseline]:
        return {who: Baseline(100, 100, 10.0, 0.3, 1.0, passed()) for who in (TENANTS, CANARIES)}

    def observation(self) -> Observation:
        return Observation(_UNTIL_NS, self.operations, {}, Samples(()), {"t4": 500})


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    about = About.of({"title": "a test", "tags": ["x"]}, ["chaos", "run", "a.json"])
    begun = Run.begin(Project(tmp_path), about, Options(), {})
    begun.timeline.tell("fault.asked", lease="01K", kind="latency", target="redis", parameters={"latency_ms": 1.0})
    begun.timeline.tell("fault.in_force", lease="01K", kind="latency", target="redis", seen="1 ms more")
    begun.timeline.tell("fault.healed", lease="01K", kind="latency", target="redis", seen="none")
    begun.verdicts.judge("recovery", passed("nothing was bad"))
    yield begun
    begun.timeline.close()


def document(run: Run) -> dict[str, Any]:
    """Of a run in which everything there is to tell has happened."""
    load = RecordedLoad(operations())
    moment = Moment(1, 2, 3)
    recovered = Recovery(State.RECOVERED, passed(), moment, 2, moment, {Defect.LATE: 1}, 1)
    evidence = Evidence(
        tenants=load,  # type: ignore[arg-type]
        outage=Outage(0, 1, 2),
        watched=Watched(load.observation(), recovered),
        consistency=exactly_once(load.operations, Rows(), Stores(missing={"kafka": "away"}), ""),
    )
    return result(run, evidence, run.verdicts.conclude(), Revision("1b52640", False))


def test_it_tells_of_each_field_and_of_nothing_else(run: Run) -> None:
    may_be_null = {"recovery", "operations", "consistency", "load"}
    assert told_fields() - may_be_null == set(written_fields(document(run)))


def test_what_may_be_null_is(run: Run) -> None:
    document = result(run, Evidence(), run.verdicts.conclude(), Revision())
    assert {name for name in ("recovery", "operations", "consistency", "load") if document[name] is None} == {
        "recovery", "operations", "consistency", "load"
    }  # fmt: skip
    assert document["git"] == {"revision": None, "dirty": None}


def test_a_finding_is_as_it_is_told() -> None:
    found = exactly_once(
        [allocated("r", 1, 2, "t4-0")],
        Rows(neo4j={"r": Recorded(0, "granted")}),
        Stores(missing=dict.fromkeys(STORES[:1] + STORES[2:], "away")),
        "",
    ).to_dict()
    [finding] = found["lost"]
    example = re.search(r"A \*\*finding\*\* is `(\{.*\})`", _PAGE)
    assert example
    shown = json.loads(example[1])
    assert list(shown) == list(finding)
    assert list(shown["operations"][0]) == list(finding["operations"][0])
    assert list(shown["seen"][0]) == list(finding["seen"][0])
    assert {kind.value for kind in Kind} == {
        name for name, how in re.findall(r"^\| `consistency\.(\w+)` \| ([\w ]+)", _PAGE, re.M) if how[:4] == "list"
    }


def test_it_tells_of_each_outcome_in_their_order_with_its_verdict() -> None:
    told = re.findall(r"^\| `([a-z ]+)` \| (pass|fail|unknown) \|", _PAGE, re.MULTILINE)
    assert told == [(each.value, each.verdict.value) for each in RunOutcome]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("recovery.state", {each.value for each in State}),
        ("recovery.bad", {each.value for each in Defect if each.value}),
        ("load.shape", {*NAMES, "rate"}),
        ("load.pattern", {each.value for each in Pattern}),
    ],
)
def test_it_tells_of_each_word(name: str, words: set[str]) -> None:
    [row] = re.findall(rf"^\| `{re.escape(name)}` \|(.*)$", _PAGE, re.MULTILINE)
    assert set(re.findall(r"`([^`]+)`", row)) == words


def test_from_when_the_budget_counts_is_told_in_these_words() -> None:
    held = FaultStory("a", "stop", "neo4j", 1, in_force_ns=2, healed_ns=9)
    told = {counts_from([held], {"a"}, 2), counts_from([held], set(), 9), counts_from([held], set(), 77)}
    [row] = re.findall(r"^\| `recovery\.counts_from` \|(.*)$", _PAGE, re.MULTILINE)
    assert set(re.findall(r"`([^`]+)`", row)) == told


@pytest.mark.parametrize(("file", "known"), [("load-state.json", LoadState), ("load.json", LoadPlan)])
def test_it_shows_every_field_of_the_load(file: str, known: type[LoadState | LoadPlan]) -> None:
    shown = _PAGE.partition(f"\n## {file}\n")[2].partition("}\n\n")[0]
    inner = {"name", "lasts_s", "from_per_s", "to_per_s", "gpu_types", "t4", "counts", "1", "2", "priorities", "normal"}
    assert set(re.findall(r'"(\w+)": ', shown)) - inner == {each.name for each in fields(known)}


def test_it_tells_of_each_file_of_a_run(tmp_path: Path) -> None:
    table = _PAGE.partition("| file |")[2].partition("\n\n")[0]
    told = {name.rstrip("/") for row in table.splitlines() for name in re.findall(r"`([^`]+)`", row.split("|")[1])}
    folder = RunFolder(tmp_path)
    named = {value.name for name, value in getmembers(folder) if isinstance(value, Path) and name != "path"}
    assert named <= told
    assert {folder.log(of).name for of in ("load", "sampler", "crash")} <= told
