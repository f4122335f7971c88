"""Marks that a service acknowledged, and all marks that it holds: what a kill must not lose."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import neo4j
import redis
from clients import NOBODY, kafka
from temporalio.client import Client as TemporalSdk

from chaos_aura.core.catalogue import Catalogue, Service

_WITHIN_S = 20.0
_WITHIN_MS = int(_WITHIN_S * 1000)
_TOPIC = "marks"


def write_everywhere(catalogue: Catalogue, mark: str) -> None:
    """Returns when each service has acknowledged it."""
    for name, write in _WRITES.items():
        write(catalogue.service(name), mark)


def read_everywhere(catalogue: Catalogue) -> dict[str, list[str]]:
    """By service, sorted; a mark that is there twice is told twice."""
    return {name: sorted(read(catalogue.service(name))) for name, read in _READS.items()}


def everywhere(marks: list[str]) -> dict[str, list[str]]:
    return {name: sorted(marks) for name in _READS}


def _write_redis(service: Service, mark: str) -> None:
    with redis.Redis.from_url(service.uri, socket_timeout=_WITHIN_S) as client:
        assert client.set(f"mark:{mark}", mark)


def _read_redis(service: Service) -> list[str]:
    with redis.Redis.from_url(service.uri, socket_timeout=_WITHIN_S) as client:
        return [client.get(key).decode() for key in client.keys("mark:*")]


def _write_kafka(service: Service, mark: str) -> None:
    producer = kafka.KafkaProducer(bootstrap_servers=service.uri, acks="all")
    try:
        producer.send(_TOPIC, mark.encode()).get(timeout=_WITHIN_S)
    finally:
        producer.close(timeout=_WITHIN_S)


def _read_kafka(service: Service) -> list[str]:
    partition = kafka.TopicPartition(_TOPIC, 0)
    consumer = kafka.KafkaConsumer(bootstrap_servers=service.uri, fetch_max_wait_ms=100)
    try:
        if _TOPIC not in consumer.topics():
            return []
        consumer.assign([partition])
        consumer.seek(partition, 0)
        end = consumer.end_offsets([partition])[partition]
        found: list[str] = []
        while consumer.position(partition) < end:
            records = consumer.poll(timeout_ms=_WITHIN_MS)
            assert records, f"nothing between {consumer.position(partition)} and {end}"
            found += [record.value.decode() for record in records[partition]]
        return found
    finally:
        consumer.close()


def _write_neo4j(service: Service, mark: str) -> None:
    with neo4j.GraphDatabase.driver(service.uri) as driver:
        driver.execute_query("CREATE (:Mark {name: $mark})", mark=mark)


def _read_neo4j(service: Service) -> list[str]:
    with neo4j.GraphDatabase.driver(service.uri) as driver:
        return [record["name"] for record in driver.execute_query("MATCH (m:Mark) RETURN m.name AS name").records]


def _write_temporal(service: Service, mark: str) -> None:
    async def write() -> None:
        client = await TemporalSdk.connect(service.uri)
        await client.start_workflow("Mark", id=mark, task_queue=NOBODY, rpc_timeout=timedelta(seconds=_WITHIN_S))

    asyncio.run(write())


def _read_temporal(service: Service) -> list[str]:
    async def read() -> list[str]:
        client = await TemporalSdk.connect(service.uri)
        running = "WorkflowType = 'Mark' AND ExecutionStatus = 'Running'"
        return [execution.id async for execution in client.list_workflows(running)]

    return asyncio.run(read())


_WRITES: dict[str, Callable[[Service, str], None]] = {
    "redis": _write_redis,
    "kafka": _write_kafka,
    "neo4j": _write_neo4j,
    "temporal": _write_temporal,
}
_READS: dict[str, Callable[[Service], list[str]]] = {
    "redis": _read_redis,
    "kafka": _read_kafka,
    "neo4j": _read_neo4j,
    "temporal": _read_temporal,
}
