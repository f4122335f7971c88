"""Decisions in Neo4j: which of those that are waited for are there, and all that is there of a run."""

import threading
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, LiteralString

from chaos_aura.core.catalogue import Catalogue
from chaos_aura.core.operation import ALLOCATE
from chaos_aura.record.rows import Recorded
from probes.packages import require
from probes.sampler.waiting import Acknowledged, Backlogs

if TYPE_CHECKING:
    from probes.neo4j_client import Neo4j

_THERE: LiteralString = (
    "UNWIND $ids AS id MATCH (decision:Decision {allocation_id: id}) RETURN decision.allocation_id AS id"
)
_OF_RUN: LiteralString = """
MATCH (allocation:Allocation) WHERE allocation.allocation_id STARTS WITH $tag AND allocation.allocation_id > $after
WITH allocation ORDER BY allocation.allocation_id LIMIT $page
OPTIONAL MATCH (allocation)-[:DECIDED_BY]->(decision:Decision)
WITH allocation, collect(decision) AS decisions
RETURN allocation.allocation_id AS id, allocation.state AS state, size(decisions) AS decisions,
       decisions[0].tenant AS tenant, decisions[0].decided_at_ms AS decided_at_ms, decisions[0].outcome AS outcome,
       [(allocation)-[:HOLDS|HELD]->(gpu:Gpu) | gpu.gpu_id] AS gpu_ids
ORDER BY id
"""
_AT_ONCE = 1000
_PAGE = 5000
_WITHIN_S = 4.0  # a fresh server plans its first queries for seconds
_ALL_WITHIN_S = 20.0


class Decisions:
    """At Neo4j's own address, past every edge. Of any thread."""

    def __init__(self, catalogue: Catalogue, backlogs: Backlogs) -> None:
        self._catalogue = catalogue
        self._backlogs = backlogs
        self._client: Neo4j | None = None
        self._asking = threading.Lock()

    def look(self) -> dict[str, Any]:
        """PingFailed when it could not be asked. When nothing waits, nobody is asked."""
        waiting = self._backlogs.decisions
        self._backlogs.read_on()
        outstanding = [each.allocation for each in waiting.oldest_first()]
        for start in range(0, len(outstanding), _AT_ONCE):
            for found in self._ask(_THERE, _WITHIN_S, ids=outstanding[start : start + _AT_ONCE]):
                waiting.arrived(Acknowledged(ALLOCATE, found["id"]))
        return waiting.told(time.monotonic_ns())

    def warm(self) -> None:
        """The server plans the query, and this process imports the client, before anything depends on it."""
        self._ask(_THERE, _WITHIN_S, ids=[])

    def of_run(self, tag: str) -> Iterator[tuple[str, Recorded]]:
        """In pages. PingFailed when they did not all come."""
        after, deadline_s = "", time.monotonic() + _ALL_WITHIN_S
        while rows := self._ask(_OF_RUN, max(0.1, deadline_s - time.monotonic()), tag=tag, after=after, page=_PAGE):
            for row in rows:
                yield row["id"], _recorded(row)
            after = rows[-1]["id"]

    def _ask(self, text: LiteralString, timeout_s: float, **parameters: Any) -> list[dict[str, Any]]:
        with self._asking:
            if self._client is None:
                require("neo4j")
                from probes.neo4j_client import Neo4j  # noqa: PLC0415 - 0.3 s

                self._client = Neo4j(self._catalogue.service("neo4j").uri)
            return self._client.ask(text, timeout_s, **parameters)


def _recorded(row: Mapping[str, Any]) -> Recorded:
    return Recorded(
        row["decisions"],
        row["state"] or "",
        tuple(sorted(set(row["gpu_ids"]))),
        row["tenant"] or "",
        row["decided_at_ms"] or 0,
        row["outcome"] or "",
    )
