"""Decisions in a real Neo4j: nothing lost, nothing twice, never a step back, whoever writes at once."""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from neo4j_asked import asked, planned
from schemas import made_schema
from stored_allocations import NOW_MS, allocations, any_tenant, granted, released

from chaos_aura.platform.model import Allocation, ContextSource, PastDecision, State
from chaos_aura.platform.model.context import WINDOW_SIZE
from chaos_aura.platform.stores import cypher
from chaos_aura.platform.stores.decision_rows import Damaged
from chaos_aura.platform.stores.decisions import Decisions
from chaos_aura.stack.running import RunningStack

_TIMEOUT_S = 20.0  # of a server that is well, on a machine that may be busy
_RELATIONS = """
MATCH (:Tenant {name: $tenant})-[:MADE]->(:Request {request_id: $id})-[:LED_TO]->(a:Allocation {allocation_id: $id})
MATCH (a)-[:DECIDED_BY]->(d:Decision)
RETURN count { (d)-[:HAS]->(:Vote) } AS votes, count { (a)-[:HOLDS]->(:Gpu {gpu_type: 'a100'}) } AS holds,
       count { (a)-[:HELD]->(:Gpu {gpu_type: 'a100'}) } AS held
"""


@asynccontextmanager
async def _decisions(stack: RunningStack, timeout_s: float = _TIMEOUT_S) -> AsyncIterator[Decisions]:
    store = Decisions(stack.catalogue.edge("worker.neo4j").uri, timeout_s=timeout_s)
    try:
        await made_schema(store)
        yield store
    finally:
        await store.close()


def _with_decisions(stack: RunningStack, body: Callable[[Decisions], Awaitable[None]]) -> None:
    async def run() -> None:
        async with _decisions(stack) as store:
            await body(store)

    asyncio.run(run())


def _past(allocation: Allocation) -> PastDecision:
    return allocation.past_decision


def test_what_is_written_is_read(stack: RunningStack):
    tenant = any_tenant()
    with asyncio.Runner() as runner:
        store = runner.run(_made(stack))

        @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(allocations(tenant))
        def check(sample: Allocation) -> None:
            allocation = _under_new_id(sample)
            runner.run(store.write(allocation))
            assert runner.run(store.read(allocation.allocation_id)) == allocation

        try:
            check()
        finally:
            runner.run(store.close())


def _under_new_id(sample: Allocation) -> Allocation:
    """Hypothesis shows the same one again and again, and the store never steps back."""
    new_id = uuid.uuid4().hex
    grant = replace(sample.grant, allocation_id=new_id) if sample.grant else None
    return replace(sample, request=replace(sample.request, request_id=new_id), grant=grant)


async def _made(stack: RunningStack) -> Decisions:
    """Not a context, because Hypothesis calls its test from outside of the loop."""
    store = Decisions(stack.catalogue.edge("worker.neo4j").uri, timeout_s=_TIMEOUT_S)
    await made_schema(store)
    return store


def test_an_unknown_allocation_is_none(stack: RunningStack):
    async def body(store: Decisions) -> None:
        assert await store.read(uuid.uuid4().hex) is None

    _with_decisions(stack, body)


def test_it_is_stored_with_its_relations_and_a_release_turns_holds_into_held(stack: RunningStack):
    one = granted(any_tenant())

    async def body(store: Decisions) -> None:
        for stored, seen in ((one, (2, 2, 0)), (released(one), (2, 0, 2))):
            await store.write(stored)
            (found,) = asked(stack, _RELATIONS, tenant=one.request.tenant, id=one.allocation_id)
            assert (found["votes"], found["holds"], found["held"]) == seen

    _with_decisions(stack, body)


def test_written_again_it_is_there_once(stack: RunningStack):
    one = granted(any_tenant())

    async def body(store: Decisions) -> None:
        await asyncio.gather(*(store.write(one) for _ in range(5)))
        await store.write(one)
        (found,) = asked(stack, _RELATIONS, tenant=one.request.tenant, id=one.allocation_id)
        assert found == {"votes": 2, "holds": 2, "held": 0}
        assert (await store.window(one.request.tenant)).decisions == (_past(one),)

    _with_decisions(stack, body)


def test_a_late_write_of_an_earlier_state_changes_nothing(stack: RunningStack):
    one = granted(any_tenant())

    async def body(store: Decisions) -> None:
        await store.write(released(one))
        await store.write(one)
        await store.write(replace(one, state=State.PENDING, decision=None, grant=None))
        assert await store.read(one.allocation_id) == released(one)

    _with_decisions(stack, body)


def test_states_written_at_once_end_as_the_last_of_them(stack: RunningStack):
    """By two workers, in any order, in the same and in different batches."""
    ones = [granted(any_tenant()) for _ in range(40)]
    order = [each for one in ones for each in (one, released(one))]
    random.Random(4).shuffle(order)

    async def run() -> None:
        async with _decisions(stack) as here, _decisions(stack) as there:
            stores = (here, there)
            await asyncio.gather(*(stores[number % 2].write(each) for number, each in enumerate(order)))
            for one in ones:
                assert await here.read(one.allocation_id) == released(one)

    asyncio.run(run())


def test_workers_that_share_tenants_and_gpus_do_not_deadlock(stack: RunningStack):
    tenants = [any_tenant() for _ in range(4)]
    gpu_ids = [f"gpu-{tenants[0]}-{number}" for number in range(6)]
    some = random.Random(2)

    async def writer(store: Decisions) -> None:
        for _ in range(8):
            one = granted(some.choice(tenants), gpu_ids=tuple(some.sample(gpu_ids, 3)))
            await store.write(one)
            await store.write(released(one))

    async def run() -> None:
        async with _decisions(stack) as here, _decisions(stack) as there:
            await asyncio.gather(*(writer(store) for store in (here, there) for _ in range(8)))
            (held,) = asked(
                stack, "MATCH ()-[h:HELD]->(g:Gpu) WHERE g.gpu_id IN $ids RETURN count(h) AS n", ids=gpu_ids
            )
            assert held["n"] == 2 * 8 * 8 * 3

    asyncio.run(run())


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(lambda one: replace(one, requested_at_ms=2**70), id="a number that cannot be sent"),
        pytest.param(lambda one: replace(one, release_reason={"a": 1}), id="a value that cannot be stored"),
        pytest.param(
            lambda one: replace(one, request=replace(one.request, tenant="t" * 40_000)), id="a key that is too large"
        ),
    ],
)
def test_a_bad_row_harms_no_other(stack: RunningStack, bad: Callable[[Allocation], Allocation]):
    tenant = any_tenant()
    good = [granted(tenant) for _ in range(9)]

    async def body(store: Decisions) -> None:
        first = asyncio.create_task(store.write(granted(tenant)))
        told = await asyncio.gather(
            *(store.write(each) for each in (*good[:4], bad(granted(tenant)), *good[4:])), return_exceptions=True
        )
        await first
        assert [type(answer) for answer in told if answer is not None] == [type(told[4])]
        assert isinstance(told[4], Exception)
        assert [await store.read(each.allocation_id) for each in good] == good
        await store.write(granted(tenant))

    _with_decisions(stack, body)


@settings(max_examples=15, deadline=None)
@given(offsets=st.lists(st.integers(0, 6), max_size=WINDOW_SIZE * 2), number=st.integers(0, 2**32))
def test_the_window_is_the_newest_in_order(stack: RunningStack, offsets: list[int], number: int):
    tenant = any_tenant()
    ones = [granted(tenant, at_ms=NOW_MS + offset) for offset in offsets]
    others = [granted(any_tenant(), at_ms=NOW_MS + 99)]

    async def body(store: Decisions) -> None:
        await asyncio.gather(*(store.write(each) for each in random.Random(number).sample(ones, len(ones)) + others))
        window = await store.window(tenant)
        newest = sorted(map(_past, ones), key=lambda past: (past.decided_at_ms, past.allocation_id))[-WINDOW_SIZE:]
        assert window.decisions == tuple(newest)
        assert (window.tenant, window.source) == (tenant, ContextSource.NEO4J)

    _with_decisions(stack, body)


def test_listed_by_state_newest_first(stack: RunningStack):
    far_ms = NOW_MS + 10**12  # newer than what other tests leave
    ones = [granted(any_tenant(), at_ms=far_ms + number) for number in range(5)]

    async def body(store: Decisions) -> None:
        for one in ones:
            await store.write(one)
        assert await store.listed(State.GRANTED, 3) == tuple(reversed(ones))[:3]
        for one in ones[2:]:
            await store.write(released(one))
        assert await store.listed(State.GRANTED, 2) == (ones[1], ones[0])
        assert await store.listed(State.RELEASED, 1) == (released(ones[4]),)
        for one in ones:
            await store.write(released(one))

    _with_decisions(stack, body)


def test_a_damaged_decision_is_left_out_and_writing_it_again_puts_it_right(stack: RunningStack):
    one, other = granted(any_tenant(), at_ms=NOW_MS), granted(any_tenant())
    other = replace(other, request=replace(other.request, tenant=one.request.tenant))

    async def body(store: Decisions) -> None:
        await store.write(one)
        await store.write(other)
        spoil = "MATCH (d:Decision {allocation_id: $id}) SET d.outcome = 'tampered', d.total_usd = 'a lot'"
        asked(stack, spoil, id=one.allocation_id)
        assert (await store.window(one.request.tenant)).decisions == (_past(other),)
        with pytest.raises(Damaged, match=f"{one.allocation_id}.*tampered"):
            await store.read(one.allocation_id)
        await store.write(one)
        assert await store.read(one.allocation_id) == one

    _with_decisions(stack, body)


def test_the_schema_may_be_made_by_several_at_once(stack: RunningStack):
    def drop_all() -> None:
        for constraint in asked(stack, "SHOW CONSTRAINTS YIELD name"):
            asked(stack, f"DROP CONSTRAINT {constraint['name']} IF EXISTS")
        for index in asked(stack, "SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP'"):
            asked(stack, f"DROP INDEX {index['name']} IF EXISTS")

    async def run() -> None:
        async with _decisions(stack) as first, _decisions(stack) as second, _decisions(stack) as third:
            for _ in range(3):
                drop_all()
                await asyncio.gather(*(store.make_schema() for store in (first, second, third)))
                online = asked(stack, "SHOW INDEXES YIELD state, type WHERE type <> 'LOOKUP' RETURN state")
                assert [index["state"] for index in online] == ["ONLINE"] * 8

    asyncio.run(run())


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        pytest.param(cypher.WINDOW, {"tenant": "t", "size": WINDOW_SIZE}, id="window"),
        pytest.param(cypher.READ, {"allocation_id": "a"}, id="read"),
        pytest.param(cypher.LISTED, {"state": "granted", "limit": 5}, id="listed"),
    ],
)
def test_queries_go_by_index_and_sort_nothing(stack: RunningStack, query: str, parameters: dict[str, object]):
    async def body(store: Decisions) -> None:
        await store.ping()

    _with_decisions(stack, body)
    operators = planned(stack, query, **parameters)
    assert not operators & {"AllNodesScan", "NodeByLabelScan", "DirectedRelationshipTypeScan", "Sort", "Top"}
    assert any("Index" in operator for operator in operators)
