"""What the pool and the stores say of allocations, read past the platform, and compared with what tenants were told."""

import gc
import json
import warnings
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import neo4j
import redis
from awaiting import wait_until
from clients import kafka
from tenants import Held, two_owners

from chaos_aura.stack.running import RunningStack

_TOPIC = "allocation.events"
_STORED = """
MATCH (allocation:Allocation) WHERE allocation.allocation_id STARTS WITH $run
OPTIONAL MATCH (allocation)-[:DECIDED_BY]->(decision:Decision)
RETURN allocation.allocation_id AS id, allocation.state AS state, decision.tenant AS tenant,
       allocation.release_reason AS why, decision.decided_at_ms AS at_ms, decision.outcome AS outcome,
       count { (allocation)-[:HOLDS]->() } AS holds
"""
_ENDED_KINDS = {
    "granted": ["requested", "decided", "granted"],
    "released": ["requested", "decided", "granted", "released"],
    "refused": ["requested", "decided", "refused"],
}
_WINDOW = 16
_WITHIN_S = 60


@dataclass(frozen=True)
class Books:
    """By allocation id; contexts and usage by tenant."""

    holders: Mapping[str, list[str]]
    free: int
    total: int
    stored: Mapping[str, Mapping[str, Any]]
    kinds: Mapping[str, list[str]]  # of its events, by first occurrence
    ids_by_kind: Mapping[tuple[str, str], set[str]]
    contexts: Mapping[str, list[str]]
    usage: Mapping[str, Mapping[str, Any]]


def read_books(stack: RunningStack, run: str, tenants: Iterable[str]) -> Books:
    """Of the allocations whose ids begin with `run`."""
    pool = page(stack, "/gpus")
    holders = defaultdict(list)
    for holder in pool["holders"]:
        holders[holder["allocation_id"]].append(holder["gpu_id"])
    kinds, ids_by_kind = _read_events(stack, run)
    tenants = list(tenants)
    return Books(
        holders=holders,
        free=sum(pool["free"].values()),
        total=sum(pool["total"].values()),
        stored=_read_decisions(stack, run),
        kinds=kinds,
        ids_by_kind=ids_by_kind,
        contexts=_read_contexts(stack, tenants),
        usage={tenant: _read_usage(stack, tenant) for tenant in tenants},
    )


def api_url(stack: RunningStack) -> str:
    return f"http://{stack.catalogue.service('api').address}"


def page(stack: RunningStack, path: str) -> dict[str, Any]:
    """Asked again while it cannot be told: a worker or a store that is late for two seconds is enough for that."""

    def told() -> dict[str, Any]:
        answer = httpx.get(f"{api_url(stack)}{path}", timeout=20)
        return {} if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE else answer.raise_for_status().json()

    return wait_until(told, _WITHIN_S, f"{path} is told")


def disagreements(told: list[Held], books: Books) -> list[str]:
    """Empty when all that was acknowledged is everywhere, and nothing is anywhere that was not asked for."""
    found = [f"two owners: {each}" for each in two_owners(told)]
    asked = {held.request_id: held for held in told}
    found += [f"{each} is in Neo4j, but nobody asked for it" for each in books.stored.keys() - asked.keys()]
    found += [f"{each} has events, but nobody asked for it" for each in books.kinds.keys() - asked.keys()]
    found += [f"{key} has two event ids" for key, ids in books.ids_by_kind.items() if len(ids) > 1]
    held_gpus = sum(map(len, books.holders.values()))
    if books.free + held_gpus != books.total:
        found.append(f"{books.free} free and {held_gpus} held are not {books.total}")
    for held in told:
        found += [f"{held.request_id}: {what} {held.answers}" for what in _wrong_with(held, books)]
    for tenant in {held.tenant for held in told}:
        found += [f"{tenant}: {what}" for what in _wrong_with_tenant(tenant, books)]
    return found


def _wrong_with(held: Held, books: Books) -> Iterable[str]:
    state = (books.stored.get(held.request_id) or {}).get("state")
    kinds = books.kinds.get(held.request_id, [])
    told = "released" if held.is_released else "granted" if held.is_granted else "refused" if held.refused else None
    if told is None:
        yield "was never answered"
        return
    if held.is_granted and held.refused:
        yield "was granted and refused"
    if told == "released" and (why := (books.stored.get(held.request_id) or {}).get("why")) != "asked":
        yield f"its tenant gave it back, Neo4j says {why}"
    if state != told:
        yield f"told {told}, Neo4j says {state}"
    if kinds != _ENDED_KINDS[told]:
        yield f"told {told}, Kafka says {kinds}"
    holds = sorted(books.holders.get(held.request_id, []))
    if holds != (sorted(held.gpu_ids) if told == "granted" else []):
        yield f"told {told}, the pool says it holds {holds}"


def _wrong_with_tenant(tenant: str, books: Books) -> Iterable[str]:
    decided = sorted((row["at_ms"], each) for each, row in books.stored.items() if row["tenant"] == tenant)
    context = books.contexts.get(tenant)
    if context is not None and context != [each for _, each in decided][-_WINDOW:]:
        yield f"its context in Redis is not that of Neo4j: {context}"
    counted = dict.fromkeys(("requested", "decided", "granted", "refused", "released"), 0)
    for each, kinds in books.kinds.items():
        if (books.stored.get(each) or {}).get("tenant") == tenant:
            for kind in kinds:
                counted[kind] += 1
    usage = books.usage[tenant]
    if {kind: usage.get(kind, 0) for kind in counted} != counted:
        yield f"its usage is {usage}, its events are {counted}"


def _read_decisions(stack: RunningStack, run: str) -> dict[str, Mapping[str, Any]]:
    with (
        neo4j.GraphDatabase.driver(stack.catalogue.service("neo4j").uri, notifications_min_severity="OFF") as driver,
        driver.session() as session,
    ):
        return {row["id"]: dict(row) for row in session.run(_STORED, run=run)}


def _read_events(stack: RunningStack, run: str) -> tuple[dict[str, list[str]], dict[tuple[str, str], set[str]]]:
    kinds: dict[str, list[str]] = defaultdict(list)
    ids_by_kind: dict[tuple[str, str], set[str]] = defaultdict(set)
    for message in _messages(stack):
        if run.encode() not in message:  # of somebody else, and perhaps no event at all
            continue
        event = json.loads(message)
        allocation_id, kind = event["allocation_id"], event["kind"].removeprefix("allocation.")
        if not allocation_id.startswith(run):
            continue
        ids_by_kind[allocation_id, kind].add(event["event_id"])
        if kind not in kinds[allocation_id]:
            kinds[allocation_id].append(kind)
    return kinds, ids_by_kind


def _messages(stack: RunningStack) -> list[bytes]:
    """All of the topic, up to where it ended when asked."""
    with warnings.catch_warnings():
        # kafka-python forgets sockets; collected here, they are not complained of in another test.
        warnings.filterwarnings("ignore", "unclosed <socket", ResourceWarning)
        try:
            return _consumed(str(stack.catalogue.service("kafka").address))
        finally:
            gc.collect()


def _consumed(address: str) -> list[bytes]:
    consumer = kafka.KafkaConsumer(bootstrap_servers=address, enable_auto_commit=False, allow_auto_create_topics=False)
    try:
        partitions = [kafka.TopicPartition(_TOPIC, each) for each in consumer.partitions_for_topic(_TOPIC) or ()]
        consumer.assign(partitions)
        ends = consumer.end_offsets(partitions)
        consumer.seek_to_beginning(*partitions)
        found: list[bytes] = []
        while any(consumer.position(each) < ends[each] for each in partitions):
            for messages in consumer.poll(timeout_ms=500).values():
                found += [message.value for message in messages]
        return found
    finally:
        consumer.close(autocommit=False)


def _read_contexts(stack: RunningStack, tenants: list[str]) -> dict[str, list[str]]:
    with redis.Redis.from_url(stack.catalogue.service("redis").uri, decode_responses=True) as client:
        found = {}
        for tenant in tenants:
            members = client.zrange(f"context:{tenant}", 0, -1, withscores=True)
            if members:
                found[tenant] = [json.loads(member)["allocation_id"] for member, score in members if score > 0]
        return found


def _read_usage(stack: RunningStack, tenant: str) -> dict[str, Any]:
    return page(stack, f"/tenants/{tenant}/usage")
