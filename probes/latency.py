"""How long things take: allocations under load, round trips to services, queries, events."""

import time
from typing import LiteralString

from chaos_aura.core.errors import BadInput, NotMeasured
from chaos_aura.core.operation import ALLOCATE
from chaos_aura.judge.percentile import percentile
from chaos_aura.pings import of_service
from chaos_aura.record.samples import BACKLOG, FILE, newest_samples
from probes.around import catalogue
from probes.packages import require
from probes.run import Run
from probes.seen_operations import window

__all__ = ["allocation_latency", "decision_query_s", "event_lag_s", "service_round_trip"]

_PING_WITHIN_S = 5.0
_QUERY_WITHIN_S = 5.0
_LATEST: LiteralString = """
MATCH (request:Request)-[:LED_TO]->(:Allocation)-[:DECIDED_BY]->(decision:Decision)
RETURN request.gpu_type AS gpu_type, decision.outcome AS outcome LIMIT 16
"""


def allocation_latency(share: float = 0.95, window_s: float = 0) -> float:
    """Within how many seconds that share of the allocations was granted, from when each was due.

    window_s: of the last seconds; 0 is the whole run.
    """
    if not 0 < share <= 1:
        raise BadInput("share", f"{share} is no share", "above 0 and at most 1: 0.95")
    granted = window(window_s).ok(ALLOCATE)
    times_s = [(each.ended_ns - each.due_ns) / 1e9 for each in granted if each.ended_ns is not None]
    if not times_s:
        raise NotMeasured("load", "no allocation has been granted in that time", "give it a load, or more time")
    return percentile(times_s, share)


def service_round_trip(service: str, tries: int = 5) -> float:
    """How many seconds one real operation on a service takes, connection included: the median of some tries."""
    if tries < 1:
        raise BadInput("tries", f"{tries} are none", "1 at least")
    known = catalogue()
    return percentile([of_service.ping(known, service, _PING_WITHIN_S).latency_s for _ in range(tries)], 0.5)


def decision_query_s() -> float:
    """How many seconds a real query of decisions takes on Neo4j, over a connection that is open already."""
    require("neo4j")
    from probes.neo4j_client import Neo4j  # noqa: PLC0415 - 0.3 s

    client = Neo4j(catalogue().service("neo4j").uri)
    try:
        client.ask("RETURN 1", _QUERY_WITHIN_S)
        began_s = time.monotonic()
        client.ask(_LATEST, _QUERY_WITHIN_S)
        return time.monotonic() - began_s
    finally:
        client.close()


def event_lag_s() -> float:
    """For how many seconds the oldest event that Kafka does not show yet has been acknowledged; 0 when none waits."""
    rows = newest_samples(Run.current().folder / FILE)
    told = [row.get("oldest_s") for row in rows if row["what"] == BACKLOG and row.get("name") == "events"]
    if not told or told[-1] is None:
        why = "has not been sampled yet" if not told else "could not be asked when it was last sampled"
        raise NotMeasured("kafka", why, "see the log of the run's sampler")
    return float(told[-1])
