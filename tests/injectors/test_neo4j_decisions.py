"""Recorded decisions that say something else: found so, put back so, and left where the platform has written since."""

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import neo4j
import pytest
from awaiting import wait_until
from driven_allocations import Driven, drive, neo4j_of
from grounds import ground_of
from hurting import paused, process_of, runs_anew, unwell

from chaos_aura.core.address import on_loopback
from chaos_aura.core.catalogue import Service
from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.fault import Fault, Undo
from chaos_aura.core.kinds import KINDS
from chaos_aura.core.lease import new_lease_id
from chaos_aura.faults.contract import Case, InjectorContract
from chaos_aura.faults.ground import Ground
from chaos_aura.platform.model import Outcome, PastDecision
from chaos_aura.platform.stores import cypher as platform_cypher
from chaos_aura.platform.stores.decisions import Decisions
from chaos_aura.stack.running import RunningStack
from injectors.neo4j_decisions import Neo4jInjector, cypher, injector

_WITHIN_S = 120
_ALL = "MATCH (d:Decision) RETURN d.allocation_id AS id, properties(d) AS told ORDER BY id"

pytestmark = pytest.mark.timeout(400)


def fault_of(**given: object) -> Fault:
    return Fault("tamper_decision", "neo4j", KINDS["tamper_decision"].read(given), lasts_s=30)


@pytest.fixture(scope="module")
def driven(stack: RunningStack) -> Driven:
    found = drive(stack, 3)
    warm(stack)
    return found


def warm(stack: RunningStack) -> None:
    """A server that has just started, on a busy machine, plans its first queries for longer than a fault may take."""
    with neo4j_of(stack) as driver:
        for _ in range(3):
            driver.execute_query(cypher.LATEST, count=2)
            driver.execute_query(cypher.SWAP, rows=[])
            driver.execute_query(cypher.FOUND, ids=[""])


@pytest.fixture
def database(stack: RunningStack, driven: Driven) -> Iterator[neo4j.Driver]:
    with neo4j_of(stack) as driver:
        yield driver


@pytest.fixture
def case(stack: RunningStack, driven: Driven) -> Case:
    def restart() -> None:
        former = process_of(stack, "neo4j")
        stack.supervisor.restart("neo4j")
        wait_until(lambda: runs_anew(stack, "neo4j", former) and "neo4j" not in unwell(stack), _WITHIN_S, "a new Neo4j")
        warm(stack)

    def restore() -> None:
        stack.supervisor.start("neo4j")
        wait_until(lambda: not unwell(stack), _WITHIN_S, "all is well")
        warm(stack)

    def remove() -> None:
        stack.supervisor.stop("neo4j")
        wait_until(lambda: stack.supervisor.children()["neo4j"].process is None, _WITHIN_S, "Neo4j has ended")

    return Case(
        Neo4jInjector(ground_of(stack)),
        fault_of(count=2),
        stack.catalogue.service("neo4j"),
        str(stack.project.home),
        restart=restart,
        remove=remove,
        restore=restore,
        in_force_within_s=_WITHIN_S,
        gone_within_s=_WITHIN_S,
        stays_when_restarted=True,
    )


class TestContract(InjectorContract):
    @pytest.fixture
    def case(self, case: Case, stack: RunningStack) -> Case:
        before = said(stack)
        return replace(case, hurts=lambda: said(stack) != before)


def said(stack: RunningStack) -> dict[str, Any]:
    """By a client of one's own: the server may be another one by now."""
    with neo4j_of(stack) as driver:
        return decisions(driver)


def decisions(database: neo4j.Driver) -> dict[str, Any]:
    return {row["id"]: row["told"] for row in database.execute_query(_ALL).records}


def test_the_latest_say_the_opposite_and_then_what_they_said(
    case: Case, driven: Driven, database: neo4j.Driver
) -> None:
    before = decisions(database)
    undo = case.injected()
    tampered = decisions(database)
    latest = sorted(before, key=lambda each: (before[each]["decided_at_ms"], each))[-2:]
    assert {each for each in before if tampered[each] != before[each]} == set(latest)
    for each in latest:
        assert {before[each]["outcome"], tampered[each]["outcome"]} == {"approved", "refused"}
        assert tampered[each]["total_usd"] == before[each]["total_usd"] * 1024
    case.healed(undo)
    assert decisions(database) == before


def test_readers_take_it_for_true(stack: RunningStack, case: Case, driven: Driven) -> None:
    async def last() -> PastDecision:
        stored = Decisions(stack.catalogue.service("neo4j").uri, timeout_s=30)
        try:
            return (await stored.window(driven.tenant)).decisions[-1]
        finally:
            await stored.close()

    def told() -> tuple[str, float]:
        """As the council sees it."""
        decision = asyncio.run(last())
        return decision.outcome, decision.total_usd

    outcome, total_usd = told()
    assert outcome == "approved"
    undo = replace_fault(case, count=10_000).injected()
    assert told() == ("refused", total_usd * 1024)
    case.healed(undo)
    assert told() == (outcome, total_usd)


@pytest.fixture
def put_back(database: neo4j.Driver) -> Iterator[None]:
    """Whatever a test has changed itself, added or removed, and whether or not it has passed."""
    before = decisions(database)
    yield
    database.execute_query("MATCH (d:Decision) WHERE NOT d.allocation_id IN $ids DETACH DELETE d", ids=list(before))
    told = [{"id": each, "told": before[each]} for each in before]
    database.execute_query("UNWIND $rows AS row MATCH (d:Decision {allocation_id: row.id}) SET d = row.told", rows=told)
    assert decisions(database) == before


@pytest.mark.usefixtures("put_back")
def test_what_the_platform_has_written_anew_is_left(case: Case, database: neo4j.Driver) -> None:
    undo = case.injected()
    one, other = (row["id"] for row in undo.data["rows"])
    rewritten = {"outcome": "approved", "total_usd": 77.0}
    database.execute_query("MATCH (d:Decision {allocation_id: $id}) SET d += $told", id=one, told=rewritten)
    proof = case.injector.in_force(undo)
    assert proof.facts == {"tampered": 1, "as_before": 0, "other": 1}
    assert case.healed(undo).facts == {"tampered": 0, "restored": 1, "other": 1}
    now = decisions(database)
    assert {name: now[one][name] for name in rewritten} == rewritten
    former = {row["id"]: row["former"] for row in undo.data["rows"]}
    assert {name: now[other][name] for name in former[other]} == former[other]


@pytest.mark.usefixtures("put_back")
def test_what_was_changed_after_it_was_planned_is_not_touched(case: Case, database: neo4j.Driver) -> None:
    undo = case.prepared()
    ids = [row["id"] for row in undo.data["rows"]]
    dearer = "MATCH (d:Decision) WHERE d.allocation_id IN $ids SET d.total_usd = d.total_usd + 1.0"
    database.execute_query(dearer, ids=ids)
    changed = decisions(database)
    case.injector.inject(undo)
    assert case.injector.in_force(undo).facts == {"tampered": 0, "as_before": 0, "other": 2}
    case.healed(undo)
    assert decisions(database) == changed


@pytest.mark.usefixtures("put_back")
def test_decisions_that_were_removed_are_not_made_again(case: Case, database: neo4j.Driver) -> None:
    database.execute_query("CREATE (:Decision {allocation_id: 'x', decided_at_ms: $at, outcome: 'approved', "
                           "total_usd: 2.5})", at=int(time.time() * 1000) + 60_000)  # fmt: skip
    undo = replace_fault(case, count=1).injected()
    assert [row["id"] for row in undo.data["rows"]] == ["x"]
    database.execute_query("MATCH (d:Decision {allocation_id: 'x'}) DETACH DELETE d")
    assert not case.injector.in_force(undo).holds
    assert case.healed(undo).facts == {"tampered": 0, "restored": 0, "other": 1}
    assert "x" not in decisions(database)


def test_a_silent_neo4j_is_an_error_and_not_a_no(stack: RunningStack, case: Case) -> None:
    undo = case.injected()
    with paused(stack, "neo4j"):
        for ask in (case.injector.gone, case.injector.heal):
            began_s = time.monotonic()
            with pytest.raises(TargetUnfit, match=f"then chaos-aura heal {undo.data['lease']}$"):
                ask(undo)
            assert time.monotonic() - began_s < 30  # 5 is the promise; without a limit it would be for ever
    case.healed(undo)


def test_a_neo4j_that_is_down_still_has_it_until_all_data_are_removed(case: Case, tmp_path: Path) -> None:
    """At a port where nobody listens. That it can be healed when it is up again is in the contract."""
    folder = tmp_path / "data" / "neo4j"
    folder.mkdir(parents=True)
    down = Service("neo4j", on_loopback(1), "bolt", "")
    undo = Undo({**case.prepared().data, "uri": down.uri, "data_folder": str(folder)})
    elsewhere = Neo4jInjector(Ground(tmp_path, {}))
    still_there = r"^neo4j: cannot be asked at bolt://127\.0\.0\.1:1 .*; what was changed is still in its files; "
    for ask in (elsewhere.gone, elsewhere.heal):
        with pytest.raises(TargetUnfit, match=f"{still_there}run: chaos-aura up, then chaos-aura heal 01"):
            ask(undo)
    with pytest.raises(TargetUnfit, match=r"^neo4j: cannot be asked at bolt://.*; run: chaos-aura status$"):
        elsewhere.prepare(case.fault, down, new_lease_id())
    shutil.rmtree(folder)
    elsewhere.heal(undo)
    assert elsewhere.gone(undo).seen == "all that Neo4j kept has been removed"


def test_by_hand_it_is_healed_too(case: Case, database: neo4j.Driver) -> None:
    before = decisions(database)
    undo = case.injected()
    path = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(undo.by_hand, shell=True, env=path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    case.await_gone(undo)
    assert decisions(database) == before


def test_without_decisions_it_is_one_clear_line(case: Case, database: neo4j.Driver) -> None:
    database.execute_query("MATCH (d:Decision) REMOVE d:Decision SET d:PutAside")
    try:
        assert decisions(database) == {}
        with pytest.raises(TargetUnfit) as unfit:
            case.prepared()
    finally:
        database.execute_query("MATCH (d:PutAside) REMOVE d:PutAside SET d:Decision")
    assert decisions(database)
    assert str(unfit.value) == "neo4j: no decision is recorded; drive some allocations first"


def test_other_targets_are_told_what_to_name(stack: RunningStack) -> None:
    for name in ("redis", "worker.neo4j", "api"):
        capability = Neo4jInjector(ground_of(stack)).can(fault_of(), stack.catalogue.target(name))
        assert not capability
        assert "neo4j" in capability.remedy


def test_making_one_imports_no_client() -> None:
    code = "import sys, injectors.neo4j_decisions; sys.exit('neo4j' in sys.modules)"
    assert subprocess.run([sys.executable, "-P", "-c", code], timeout=30, check=False).returncode == 0


def test_its_names_are_the_platform_s() -> None:
    assert {injector.APPROVED, injector.REFUSED} == {each.value for each in Outcome}
    assert "MERGE (gate:WriteGate {name: 'decisions'})" in platform_cypher.WRITE
    assert "(gate:WriteGate {name: 'decisions'})" in cypher.SWAP
    assert "MERGE (decision:Decision {allocation_id: row.allocation_id})" in platform_cypher.WRITE


def replace_fault(case: Case, **given: object) -> Case:
    return replace(case, fault=fault_of(**given))
