"""All that Neo4j and Kafka hold of a run's allocations, and ways to lose some of it."""

import gc
import warnings
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from clients import kafka
from driven_allocations import neo4j_of
from kafka.admin import KafkaAdminClient

from chaos_aura.stack.running import RunningStack

_TOPIC = "allocation.events"
_WHOLE = """
MATCH (tenant:Tenant)-[:MADE]->(request:Request)-[:LED_TO]->(allocation:Allocation)
WHERE allocation.allocation_id STARTS WITH $tag
OPTIONAL MATCH (allocation)-[:DECIDED_BY]->(decision:Decision)
RETURN allocation.allocation_id AS id, tenant.name AS tenant, properties(request) AS request,
       properties(allocation) AS allocation, properties(decision) AS decision,
       COLLECT { MATCH (decision)-[:HAS]->(vote:Vote) RETURN properties(vote) ORDER BY vote.place } AS votes,
       COLLECT { MATCH (allocation)-[hold:HOLDS|HELD]->(gpu:Gpu)
                 RETURN [type(hold), gpu.gpu_id, properties(hold)] ORDER BY gpu.gpu_id } AS holds
"""
_LOSE = """
MATCH (request:Request)-[:LED_TO]->(allocation:Allocation {allocation_id: $id})-[:DECIDED_BY]->(decision:Decision)
OPTIONAL MATCH (decision)-[:HAS]->(vote:Vote)
DETACH DELETE request, allocation, decision, vote
"""
_LOSE_DECISION = """
MATCH (decision:Decision {allocation_id: $id}) OPTIONAL MATCH (decision)-[:HAS]->(vote:Vote)
DETACH DELETE decision, vote
"""
_PUT_BACK = """
MATCH (allocation:Allocation {allocation_id: $id})-[held:HELD]->(gpu:Gpu)
SET allocation.state = 'granted', allocation.progress = 1, allocation.released_at_ms = null,
    allocation.release_reason = null
CREATE (allocation)-[holds:HOLDS]->(gpu) SET holds = properties(held), holds.until_ms = null
DELETE held
"""


@dataclass(frozen=True)
class Message:
    partition: int
    offset: int
    value: bytes


def decisions_of(stack: RunningStack, tag: str) -> dict[str, dict[str, Any]]:
    """Every property and relation, by allocation."""
    with neo4j_of(stack) as driver:
        return {row["id"]: row.data() for row in driver.execute_query(_WHOLE, tag=tag).records}


def lose_allocation(stack: RunningStack, allocation_id: str) -> None:
    _change(stack, _LOSE, allocation_id)


def lose_decision(stack: RunningStack, allocation_id: str) -> None:
    _change(stack, _LOSE_DECISION, allocation_id)


def put_back_to_granted(stack: RunningStack, allocation_id: str) -> None:
    """As it was before it was released."""
    _change(stack, _PUT_BACK, allocation_id)


def events_of(stack: RunningStack, tag: str) -> dict[str, list[Message]]:
    """In their order, by allocation."""
    with warnings.catch_warnings():
        # kafka-python forgets sockets; collected here, they are not complained of in another test.
        warnings.filterwarnings("ignore", "unclosed <socket", ResourceWarning)
        try:
            return _events_of(_address(stack), tag)
        finally:
            gc.collect()


def lose_events_before(stack: RunningStack, message: Message) -> None:
    """Everybody's in that partition."""
    admin = KafkaAdminClient(bootstrap_servers=_address(stack))
    try:
        admin.delete_records({kafka.TopicPartition(_TOPIC, message.partition): message.offset}, timeout_ms=30_000)
    finally:
        admin.close()


def _change(stack: RunningStack, text: str, allocation_id: str) -> None:
    with neo4j_of(stack) as driver:
        assert driver.execute_query(text, id=allocation_id).summary.counters.contains_updates


def _address(stack: RunningStack) -> str:
    return str(stack.catalogue.service("kafka").address)


def _events_of(address: str, tag: str) -> dict[str, list[Message]]:
    found = defaultdict(list)
    consumer = kafka.KafkaConsumer(
        bootstrap_servers=address, enable_auto_commit=False, allow_auto_create_topics=False, metrics_enabled=False
    )
    try:
        partitions = [kafka.TopicPartition(_TOPIC, each) for each in consumer.partitions_for_topic(_TOPIC) or ()]
        consumer.assign(partitions)
        ends = consumer.end_offsets(partitions)
        consumer.seek_to_beginning(*partitions)
        while any(consumer.position(each) < ends[each] for each in partitions):
            for messages in consumer.poll(timeout_ms=500).values():
                for each in messages:
                    if each.key.startswith(tag.encode()):
                        found[each.key.decode()].append(Message(each.partition, each.offset, each.value))
        return dict(found)
    finally:
        consumer.close(autocommit=False)
