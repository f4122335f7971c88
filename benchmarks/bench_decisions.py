"""What queries and writes of decisions cost in a Neo4j that holds 100,000, beside a bare `RETURN 1` on the same server.

Goal: every query below 500 ms. One tenant made half of the decisions. Writers: 32 at once through one store, which
commits them in groups, and beside that through 32 stores, each of which has nobody to share a transaction with.
"""

import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import neo4j
from local_stack import placed

from chaos_aura.platform.model import (
    Allocation,
    AllocationRequest,
    DecidedBy,
    Decision,
    GpuType,
    Grant,
    Outcome,
    Quote,
    State,
    Vote,
)
from chaos_aura.platform.stores.decision_rows import row_of
from chaos_aura.platform.stores.decisions import Decisions

_HELD = 100_000
_ROWS_AT_ONCE = 2_500
_TENANTS = 200
_BUSY = "tenant-0"
_CALLS = 300
_WRITERS = 32
_WRITES_EACH = 20
_TIMEOUT_S = 60.0
_AGENTS = ("lnn_cost_optimizer", "lnn_fairness_enforcer", "lnn_performance_predictor")
_GPUS = tuple(f"{kind}-{number}" for kind, count in (("t4", 20), ("v100", 10), ("a100", 8)) for number in range(count))
_FILL = """
UNWIND $rows AS row
MERGE (tenant:Tenant {name: row.tenant})
CREATE (tenant)-[:MADE]->(request:Request {request_id: row.allocation_id})-[:LED_TO]->
       (allocation:Allocation {allocation_id: row.allocation_id})-[:DECIDED_BY]->
       (decision:Decision {allocation_id: row.allocation_id})
SET request += row.request, allocation += row.allocation, decision += row.decisions[0].decision
FOREACH (cast IN row.decisions[0].votes | CREATE (decision)-[:HAS]->(vote:Vote) SET vote += cast)
WITH row, allocation
UNWIND row.held AS hold
MERGE (gpu:Gpu {gpu_id: hold.gpu_id})
CREATE (allocation)-[held:HELD]->(gpu) SET held += hold.hold
"""
_some = random.Random(1)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="chaos-aura-bench-") as folder, placed(Path(folder)) as stack:
        stack.up("neo4j")
        asyncio.run(_bench(stack.running().catalogue.service("neo4j").uri))


async def _bench(uri: str) -> None:
    store = Decisions(uri, timeout_s=_TIMEOUT_S)
    try:
        await store.make_schema()
        async with neo4j.AsyncGraphDatabase.driver(uri, notifications_min_severity="OFF") as driver:
            await _fill(driver)
            await _report_queries(store, driver)
        grouped_per_s = await _writes_per_s([store] * _WRITERS)
        apart_per_s = await _writes_apart_per_s(uri)
    finally:
        await store.close()
    print(f"{_WRITERS} writers, one store      {grouped_per_s:7.0f} writes/s")
    print(f"{_WRITERS} writers, a store each   {apart_per_s:7.0f} writes/s")
    print(f"grouped is {grouped_per_s / apart_per_s:.1f} x")


async def _fill(driver: neo4j.AsyncDriver) -> None:
    began_s = time.monotonic()
    for first in range(0, _HELD, _ROWS_AT_ONCE):
        rows = [row_of(_allocation(number, State.RELEASED)) for number in range(first, first + _ROWS_AT_ONCE)]
        await driver.execute_query(_FILL, rows=rows)
    print(f"{_HELD} decisions filled in {time.monotonic() - began_s:.0f} s")


async def _report_queries(store: Decisions, driver: neo4j.AsyncDriver) -> None:
    new = iter(range(_HELD, 2 * _HELD))
    calls: dict[str, Callable[[], Awaitable[Any]]] = {
        "RETURN 1, bare driver": lambda: _return_1(driver),
        "window, a busy tenant": lambda: store.window(_BUSY),
        "window, any tenant": lambda: store.window(_tenant(_some.randrange(_HELD))),
        "read": lambda: store.read(f"a-{_some.randrange(_HELD)}"),
        "listed, 50": lambda: store.listed(State.RELEASED, 50),
        "write, alone": lambda: store.write(_allocation(next(new), State.GRANTED)),
    }
    for name, call in calls.items():
        for _ in range(20):
            await call()
        print(f"{name:24} {_spread([await _timed_ms(call) for _ in range(_CALLS)])}")


async def _return_1(driver: neo4j.AsyncDriver) -> None:
    async with driver.session(database="neo4j") as session:
        await (await session.run("RETURN 1")).consume()


async def _writes_apart_per_s(uri: str) -> float:
    stores = [Decisions(uri, timeout_s=_TIMEOUT_S) for _ in range(_WRITERS)]
    try:
        return await _writes_per_s(stores)
    finally:
        await asyncio.gather(*(store.close() for store in stores))


async def _writes_per_s(stores: list[Decisions]) -> float:
    async def write(store: Decisions) -> None:
        for _ in range(_WRITES_EACH):
            await store.write(_allocation(_some.randrange(10**9, 10**12), State.GRANTED))

    await asyncio.gather(*(store.ping() for store in stores))
    began_s = time.monotonic()
    await asyncio.gather(*map(write, stores))
    return _WRITERS * _WRITES_EACH / (time.monotonic() - began_s)


async def _timed_ms(call: Callable[[], Awaitable[Any]]) -> float:
    began_s = time.perf_counter()
    await call()
    return (time.perf_counter() - began_s) * 1000


def _spread(times_ms: list[float]) -> str:
    times_ms.sort()
    p50, p95, p99 = (times_ms[int(len(times_ms) * share)] for share in (0.50, 0.95, 0.99))
    return f"p50 {p50:6.2f}  p95 {p95:6.2f}  p99 {p99:6.2f} ms"


def _tenant(number: int) -> str:
    return _BUSY if number % 2 else f"tenant-{number % _TENANTS}"


def _allocation(number: int, state: State) -> Allocation:
    allocation_id, at_ms = f"a-{number}", 1_800_000_000_000 + number
    votes = tuple(Vote(agent, True, 0.9, "the price is within what this tenant usually pays") for agent in _AGENTS)
    decision = Decision(Outcome.APPROVED, DecidedBy.MAJORITY, "3 of 3 approve", Quote(10.24, 20.48), at_ms, votes=votes)
    return Allocation(
        request=AllocationRequest(allocation_id, _tenant(number), GpuType.A100, 2, 2.0),
        state=state,
        requested_at_ms=at_ms - 5,
        decision=decision,
        grant=Grant(allocation_id, tuple(_some.sample(_GPUS, 2)), number),
        granted_at_ms=at_ms,
        released_at_ms=at_ms + 1000 if state is State.RELEASED else None,
        release_reason="asked" if state is State.RELEASED else None,
    )


if __name__ == "__main__":
    main()
