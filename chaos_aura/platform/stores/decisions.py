"""Decisions in Neo4j: what was asked, decided, voted, granted and released, with all its relations."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Any, Final, LiteralString

import structlog
from neo4j import AsyncGraphDatabase, Query, Record
from neo4j.exceptions import ClientError, DatabaseError, DriverError, Neo4jError, TransientError

from chaos_aura.platform.model import Allocation, ContextSource, ContextWindow, PastDecision, State
from chaos_aura.platform.model.context import WINDOW_SIZE
from chaos_aura.platform.stores import cypher
from chaos_aura.platform.stores.decision_rows import Damaged, Row, allocation_of, past_decision_of, row_of
from chaos_aura.platform.stores.group_commit import GroupCommit
from chaos_aura.platform.stores.kept import Kept, kept_of

FAILURES: Final[tuple[type[Exception], ...]] = (DriverError, TransientError, DatabaseError, OSError, TimeoutError)

_DATABASE = "neo4j"  # named, so that no session has to ask for the home database first
_CONNECTIONS = 16
_OPENING_SHARE = 0.5  # of the time-out: a call that runs into it has its connection, and closes it
_IDLE_IS_DOUBTFUL_AFTER_S = 10.0
# A server that has just started plans its first write for seconds, and one that is cut short begins from nothing.
_FIRST_WRITE_S = 10.0
_SCHEMA_TIMEOUT_S = 15.0
_SCHEMA_TRIES = 10
_SCHEMA_WAIT_S = 0.2
_MADE_BY_ANOTHER = frozenset(
    {
        "Neo.ClientError.Schema.EquivalentSchemaRuleAlreadyExists",
        "Neo.ClientError.Schema.ConstraintAlreadyExists",
        "Neo.ClientError.Schema.IndexAlreadyExists",
    }
)


class Decisions:
    """`uri` is bolt://, never neo4j://: the routing scheme would go round the edge. Nothing is retried here."""

    def __init__(self, uri: str, *, timeout_s: float, random: random.Random = random.Random()) -> None:  # noqa: B008
        self._timeout_s = timeout_s
        self._random = random
        self._driver = AsyncGraphDatabase.driver(
            uri,
            connection_timeout=timeout_s * _OPENING_SHARE,
            connection_acquisition_timeout=timeout_s * _OPENING_SHARE,
            connection_write_timeout=timeout_s,
            liveness_check_timeout=_IDLE_IS_DOUBTFUL_AFTER_S,
            max_connection_pool_size=_CONNECTIONS,
            max_transaction_retry_time=0,
            notifications_min_severity="OFF",
            telemetry_disabled=True,
        )
        self._running: set[asyncio.Task[list[Record]]] = set()
        self._may_have_just_started = True
        self._writes = GroupCommit(self._write_batch, may_be_one_rows=_may_be_one_rows)

    async def make_schema(self) -> None:
        """Idempotent, also when several workers do it at once."""
        for statement in cypher.SCHEMA:
            await self._make(statement)
        await self._warm()
        self._may_have_just_started = False

    async def write(self, allocation: Allocation) -> None:
        """Idempotent and monotone: a late write of an earlier state changes nothing."""
        await self._writes.write(allocation)

    async def read(self, allocation_id: str) -> Allocation | None:
        """Damaged when what is stored cannot be read."""
        records = await self._ask(cypher.READ, {"allocation_id": allocation_id})
        return allocation_of(records[0]) if records else None

    async def window(self, tenant: str) -> ContextWindow:
        """Without what cannot be read."""
        records = await self._ask(cypher.WINDOW, {"tenant": tenant, "size": WINDOW_SIZE})
        past = [each for each in map(_past_decision, records) if each]
        past.sort(key=lambda each: (each.decided_at_ms, each.allocation_id))
        return ContextWindow(tenant, tuple(past), ContextSource.NEO4J)

    async def listed(self, state: State, limit: int) -> tuple[Allocation, ...]:
        """Newest request first, without what cannot be read."""
        records = await self._ask(cypher.LISTED, {"state": state.value, "limit": limit})
        found = [each for each in map(_allocation, records) if each]
        found.sort(key=lambda each: (each.requested_at_ms, each.allocation_id), reverse=True)
        return tuple(found)

    async def kept(self, prefix: str, after: str, limit: int) -> tuple[Kept, ...]:
        """A page of those whose ids begin so, by id; `after` is the last of the page before."""
        return tuple(map(kept_of, await self._ask(cypher.KEPT, {"prefix": prefix, "after": after, "limit": limit})))

    async def kept_of(self, allocation_ids: Sequence[str]) -> tuple[Kept, ...]:
        """Of those that are there."""
        return tuple(map(kept_of, await self._ask(cypher.KEPT_OF, {"ids": list(allocation_ids)})))

    async def ping(self) -> None:
        await self._ask(cypher.PING, {})

    async def close(self) -> None:
        await self._writes.close()
        if self._running:
            await asyncio.wait(self._running, timeout=self._timeout_s)
        await self._driver.close()

    async def _write_batch(self, allocations: Sequence[Allocation]) -> None:
        furthest: dict[str, Row] = {}
        for row in map(row_of, allocations):
            known = furthest.setdefault(row["allocation_id"], row)
            if row["progress"] > known["progress"]:
                furthest[row["allocation_id"]] = row
        timeout_s = max(self._timeout_s, _FIRST_WRITE_S) if self._may_have_just_started else self._timeout_s
        try:
            await self._ask(cypher.WRITE, {"rows": list(furthest.values())}, timeout_s)
        except (DriverError, OSError) as cause:
            self._may_have_just_started = not isinstance(cause, TimeoutError)
            raise
        self._may_have_just_started = False

    async def _make(self, statement: LiteralString) -> None:
        """Two who change the schema at once deadlock, unless one of them waits a little."""
        for tries_left in reversed(range(_SCHEMA_TRIES)):
            try:
                await self._ask(statement, {}, _SCHEMA_TIMEOUT_S)
            except Neo4jError as cause:
                if cause.code in _MADE_BY_ANOTHER:
                    return
                if tries_left == 0 or not isinstance(cause, TransientError):
                    raise
                await asyncio.sleep(self._random.uniform(0, _SCHEMA_WAIT_S))
            else:
                return

    async def _warm(self) -> None:
        """A fresh server takes seconds to plan a query that it then answers in milliseconds: not at a tenant's cost."""
        asked: tuple[tuple[LiteralString, dict[str, Any]], ...] = (
            (cypher.WRITE, {"rows": []}),
            (cypher.READ, {"allocation_id": ""}),
            (cypher.WINDOW, {"tenant": "", "size": 1}),
            (cypher.LISTED, {"state": "", "limit": 1}),
        )
        for text, parameters in asked:
            await self._ask(text, parameters, _SCHEMA_TIMEOUT_S)

    async def _ask(
        self, text: LiteralString, parameters: Mapping[str, Any], timeout_s: float | None = None
    ) -> list[Record]:
        """A caller that is cancelled leaves the call to end by itself, in time: cancelled while it opens a connection,
        the driver forgets to close the socket.
        """
        call = asyncio.create_task(self._call(text, parameters, timeout_s or self._timeout_s))
        self._running.add(call)
        call.add_done_callback(self._forget)
        await asyncio.wait([call])
        return call.result()

    async def _call(self, text: LiteralString, parameters: Mapping[str, Any], timeout_s: float) -> list[Record]:
        """One round trip. The server gives up too, so that a lost client's locks are not held for long."""
        async with asyncio.timeout(timeout_s), self._driver.session(database=_DATABASE, fetch_size=-1) as session:
            result = await session.run(Query(text, timeout=timeout_s), dict(parameters))
            return [record async for record in result]

    def _forget(self, call: asyncio.Task[list[Record]]) -> None:
        self._running.discard(call)
        if not call.cancelled():
            call.exception()  # seen: its caller may be gone


def _may_be_one_rows(cause: Exception) -> bool:
    """What the server or the driver said of the content. Not what any batch would have met."""
    return isinstance(cause, ClientError | DatabaseError) or not isinstance(cause, FAILURES)


def _past_decision(record: Record) -> PastDecision | None:
    try:
        return past_decision_of(record)
    except Damaged as cause:
        _warn_of(cause)
        return None


def _allocation(record: Record) -> Allocation | None:
    try:
        return allocation_of(record)
    except Damaged as cause:
        _warn_of(cause)
        return None


def _warn_of(cause: Damaged) -> None:
    structlog.get_logger().warning("stored_decision_damaged", store="neo4j", why=str(cause))
