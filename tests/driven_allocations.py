"""Real allocations of a tenant of one's own, asked for, given back, and on record everywhere."""

import uuid
from dataclasses import dataclass
from typing import Any

import httpx
import neo4j
import redis
from awaiting import wait_until

from chaos_aura.stack.running import RunningStack

_WITHIN_S = 120  # a Neo4j that has just started, on a busy machine, plans its first queries for half a minute
_ANSWERS_WITHIN_S = 60  # it does so within some seconds, but a machine may take some more away
_MOST = 10
_ENDED = """
MATCH (allocation:Allocation)-[:DECIDED_BY]->(decision:Decision {tenant: $tenant})
WHERE allocation.state IN ['released', 'refused'] RETURN count(decision) AS ended
"""


@dataclass(frozen=True)
class Driven:
    tenant: str
    request_ids: tuple[str, ...]

    @property
    def window_key(self) -> str:
        return f"context:{self.tenant}"


def drive(stack: RunningStack, count: int = 2) -> Driven:
    """Returns when Neo4j and Redis hold each decision, and nothing more is to come.

    A window is filled by who misses it, unless Neo4j is slow just then: so at least `count`, and more until it is.
    """
    tenant = f"driven-{uuid.uuid4().hex[:12]}"
    driven = Driven(tenant, ())
    while len(driven.request_ids) < count or not _has_window(stack, driven):
        assert len(driven.request_ids) < _MOST, f"{tenant} gets no window"
        driven = Driven(tenant, (*driven.request_ids, f"{tenant}-{len(driven.request_ids)}"))
        allocate(stack, tenant, driven.request_ids[-1])
        wait_until(lambda: _has_ended(stack, driven), _WITHIN_S, f"{driven} is on record")  # noqa: B023 - awaited here
    wait_until(lambda: _is_cached_whole(stack, driven), _WITHIN_S, f"{driven} is cached")
    return driven


def allocate(stack: RunningStack, tenant: str, request_id: str) -> None:
    """And gives it back."""
    body = {"request_id": request_id, "tenant": tenant, "gpu_type": "t4", "count": 1, "hours": 1}

    def is_answered() -> bool:
        asked = httpx.post(f"{api_of(stack)}/allocations", json=body, timeout=_ANSWERS_WITHIN_S)
        return asked.status_code in (200, 201, 409)

    def is_given_back() -> bool:
        url = f"{api_of(stack)}/allocations/{request_id}"
        gone = httpx.delete(url, headers={"X-Tenant": tenant}, timeout=_ANSWERS_WITHIN_S)
        return gone.status_code in (200, 409)

    wait_until(is_answered, _WITHIN_S, f"{request_id} is answered")
    wait_until(is_given_back, _WITHIN_S, f"{request_id} is given back")


def api_of(stack: RunningStack) -> str:
    return f"http://{stack.catalogue.service('api').address}"


def redis_of(stack: RunningStack) -> Any:
    return redis.Redis.from_url(stack.catalogue.service("redis").uri, socket_timeout=5)


def neo4j_of(stack: RunningStack) -> neo4j.Driver:
    return neo4j.GraphDatabase.driver(stack.catalogue.service("neo4j").uri, notifications_min_severity="OFF")


def _has_ended(stack: RunningStack, driven: Driven) -> bool:
    with neo4j_of(stack) as driver:
        ended = driver.execute_query(_ENDED, tenant=driven.tenant).records[0]["ended"]
        return bool(ended == len(driven.request_ids))


def _has_window(stack: RunningStack, driven: Driven) -> bool:
    with redis_of(stack) as client:
        return bool(client.exists(driven.window_key))


def _is_cached_whole(stack: RunningStack, driven: Driven) -> bool:
    """Each decision, and the marker."""
    with redis_of(stack) as client:
        return bool(client.zcard(driven.window_key) == len(driven.request_ids) + 1)
