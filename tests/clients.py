"""The official client libraries behind one face: an operation that needs the server, and their own errors."""

import asyncio
import itertools
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, ClassVar, Protocol

import neo4j
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from temporalio.client import Client as TemporalSdk
from temporalio.service import RetryConfig, RPCError, RPCStatusCode

from chaos_aura.core.catalogue import Target

with warnings.catch_warnings():
    # On import it reads its schemas with functions that Python 3.12 deprecates.
    warnings.filterwarnings("ignore", r"(read|open)_text is deprecated", DeprecationWarning)
    import kafka
    from kafka.errors import KafkaError

# kafka-python forgets the socket of each connection that is refused: for tests that use it while it is cut off.
FORGOTTEN_SOCKETS = "ignore:unclosed <socket:ResourceWarning"
NOBODY = "a-queue-without-a-worker"
_UNREACHABLE = (RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED)
_SECOND_MS = 1000


class Client(Protocol):
    """Gives up after `gives_up_s`, and hides no failure by trying again for longer."""

    troubles: ClassVar[tuple[type[Exception], ...]]

    def __init__(self, target: Target, gives_up_s: float) -> None: ...

    def work(self) -> None:
        """One operation that only the server can answer. Raises one of `troubles` when it is out of reach."""

    def close(self) -> None: ...


class RedisClient:
    troubles: ClassVar = (redis.ConnectionError, redis.TimeoutError)

    def __init__(self, target: Target, gives_up_s: float) -> None:
        self._redis = redis.Redis.from_url(
            target.uri, socket_timeout=gives_up_s, socket_connect_timeout=gives_up_s, retry=Retry(NoBackoff(), 0)
        )
        self._values = itertools.count()
        self._key = f"client-{uuid.uuid4()}"

    def work(self) -> None:
        value = str(next(self._values))
        assert self._redis.set(self._key, value, ex=600)
        assert self._redis.get(self._key) == value.encode()

    def close(self) -> None:
        self._redis.close()


class Neo4jClient:
    troubles: ClassVar = (neo4j.exceptions.ServiceUnavailable, neo4j.exceptions.SessionExpired)

    def __init__(self, target: Target, gives_up_s: float) -> None:
        self._driver = neo4j.GraphDatabase.driver(
            target.uri,
            connection_timeout=gives_up_s,
            connection_acquisition_timeout=gives_up_s,
            max_transaction_retry_time=0,
        )
        self._values = itertools.count(1)

    def work(self) -> None:
        value = next(self._values)
        records, _, _ = self._driver.execute_query("UNWIND range(1, $upto) AS n RETURN sum(n) AS sum", upto=value)
        assert records[0]["sum"] == value * (value + 1) // 2

    def close(self) -> None:
        self._driver.close()


class ProducerClient:
    """Kafka's."""

    troubles: ClassVar = (KafkaError,)

    def __init__(self, target: Target, gives_up_s: float) -> None:
        self._gives_up_s = gives_up_s
        self._producer = kafka.KafkaProducer(
            acks="all",
            delivery_timeout_ms=int(gives_up_s * _SECOND_MS),
            max_block_ms=gives_up_s * _SECOND_MS,
            **_kafka_settings(target, gives_up_s),
        )
        self._topic = f"produced-{uuid.uuid4()}"

    def work(self) -> None:
        # Its own time-out comes first: this one only bounds a test whose library hangs.
        self._producer.send(self._topic, b"x").get(timeout=self._gives_up_s * 10)

    def close(self) -> None:
        self._producer.close(timeout=self._gives_up_s)


class ConsumerClient:
    """Kafka's, as a member of a group: the coordinator's address is one more that could lead round an edge."""

    troubles: ClassVar = (KafkaError,)

    def __init__(self, target: Target, gives_up_s: float) -> None:
        self._gives_up_ms = gives_up_s * _SECOND_MS
        settings = _kafka_settings(target, gives_up_s)
        topic = f"consumed-{uuid.uuid4()}"
        producer = kafka.KafkaProducer(acks="all", **_kafka_settings(target, 20))
        try:
            producer.send(topic, b"x").get(timeout=20)
        finally:
            producer.close(timeout=20)
        self._partition = kafka.TopicPartition(topic, 0)
        self._consumer = kafka.KafkaConsumer(
            topic, group_id=topic, auto_offset_reset="earliest", heartbeat_interval_ms=500, fetch_max_wait_ms=100,
            **settings,
        )  # fmt: skip

    def work(self) -> None:
        if not self._consumer.assignment():
            self._consumer.poll(timeout_ms=self._gives_up_ms)
        end = self._consumer.end_offsets([self._partition], timeout_ms=self._gives_up_ms)[self._partition]
        assert end == 1
        self._seek_and_read()
        self._consumer.commit(timeout_ms=self._gives_up_ms)

    def _seek_and_read(self) -> None:
        if self._partition not in self._consumer.assignment():
            raise KafkaError("is not a member of its group yet")
        self._consumer.seek(self._partition, 0)
        records = self._consumer.poll(timeout_ms=self._gives_up_ms)
        if not records:
            raise KafkaError("no record in time")
        assert [record.value for record in records[self._partition]] == [b"x"]

    def close(self) -> None:
        self._consumer.close(autocommit=False, timeout_ms=self._gives_up_ms)


class CannotConnectError(Exception):
    """Temporal's library tells this by a bare RuntimeError."""


class TemporalClient:
    troubles: ClassVar = (RPCError, CannotConnectError)

    def __init__(self, target: Target, gives_up_s: float) -> None:
        self._timeout = timedelta(seconds=gives_up_s)
        self._runner = asyncio.Runner()
        retry = RetryConfig(max_elapsed_time_millis=int(gives_up_s * _SECOND_MS))
        self._sdk: TemporalSdk | None = self._runner.run(TemporalSdk.connect(target.uri, lazy=True, retry_config=retry))

    def work(self) -> None:
        try:
            self._runner.run(self._start_and_terminate())
        except RPCError as cause:
            if cause.status not in _UNREACHABLE:
                raise AssertionError("reached, and refused") from cause
            raise
        except RuntimeError as cause:
            if "Failed client connect" not in str(cause):
                raise
            raise CannotConnectError from cause

    async def _start_and_terminate(self) -> None:
        assert self._sdk
        handle = await self._sdk.start_workflow(
            "nothing", id=f"client-{uuid.uuid4()}", task_queue=NOBODY, rpc_timeout=self._timeout
        )
        await handle.terminate(rpc_timeout=self._timeout)

    def close(self) -> None:
        self._sdk = None  # it has no `close`: its connection ends with the last reference
        self._runner.close()


@contextmanager
def working[C: Client](kind: type[C], target: Target, gives_up_s: float) -> Iterator[C]:
    """A client that may connect now, closed afterwards."""
    client = kind(target, gives_up_s)
    try:
        yield client
    finally:
        client.close()


def _kafka_settings(target: Target, gives_up_s: float) -> dict[str, Any]:
    return {
        "bootstrap_servers": target.uri,
        "request_timeout_ms": int(gives_up_s * _SECOND_MS),
        "reconnect_backoff_max_ms": 100,
        "bootstrap_timeout_ms": int(gives_up_s * _SECOND_MS),
        "metrics_enabled": False,
    }


def works(client: Client) -> bool:
    try:
        client.work()
    except client.troubles:
        return False
    return True
