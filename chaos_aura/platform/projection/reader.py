"""The events as they come from Kafka, by partition: kafka-python's consumer in a thread of its own, behind asyncio."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Protocol

from chaos_aura.platform.events.kafka_client import (
    KafkaAdminClient,
    KafkaConsumer,
    KafkaError,
    MemberToRemove,
    OffsetAndMetadata,
    TopicPartition,
    admin_settings,
    connection_settings,
    constructed,
)
from chaos_aura.platform.events.topics import EVENTS, make_topics
from chaos_aura.platform.observe.logs import get_logger

GROUP = "usage-projection"
_MOST_AT_ONCE = 500
_SESSION_MS = 10_000
_POLLS_WITHIN_MS = 60_000


class Record(Protocol):
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...


class EventReader:
    """`member` names it in the group: the same name after a restart takes its partitions over at once.

    Without one it reads all partitions for itself, outside the group. Everything raises KafkaError when Kafka is away.
    """

    def __init__(self, address: str, *, member: str | None, timeout_s: float) -> None:
        self._address = address
        self._member = member
        self._timeout_s = timeout_s
        self._timeout_ms = int(timeout_s * 1000)
        self._consumer: Any = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="kafka-read")

    async def poll(self, within_s: float) -> dict[int, Sequence[Record]]:
        """Connects first where it is not connected."""
        return await self._in_thread(lambda: self._poll(int(within_s * 1000)))

    async def assignment(self) -> frozenset[int]:
        return await self._in_thread(lambda: frozenset(each.partition for each in self._assigned()))

    async def seek(self, positions: Mapping[int, int | None]) -> None:
        """None is the beginning."""
        await self._in_thread(lambda: self._seek(positions))

    async def positions(self) -> dict[int, int]:
        """For each partition of ours, the offset of the event that the next poll begins with."""
        return await self._in_thread(self._positions)

    async def ends(self) -> dict[int, int]:
        """For each partition of ours, the offset that the next event will have. It asks Kafka."""
        return await self._in_thread(self._ends)

    async def commit(self, positions: Mapping[int, int]) -> None:
        """For those who watch the group's lag: where it really stands, Redis knows."""
        await self._in_thread(lambda: self._commit(positions))

    async def disconnect(self) -> None:
        """The next poll connects anew."""
        with suppress(KafkaError):  # one that cannot even be closed is forgotten all the same
            await self._in_thread(self._disconnect)

    async def close(self) -> None:
        """Leaves the group, when Kafka is there to be told."""
        try:
            await self._in_thread(self._leave)
        except KafkaError as cause:
            get_logger().warning("the group is not told", cause=str(cause))
        self._thread.shutdown(wait=False)

    async def _in_thread[T](self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.wrap_future(self._thread.submit(work))
        except KafkaError:
            raise
        except Exception as cause:  # the border to kafka-python, whose consumer fails in many ways after a cut
            raise KafkaError(f"{type(cause).__name__}: {cause}") from cause

    def _poll(self, timeout_ms: int) -> dict[int, Sequence[Record]]:
        if self._consumer is None:
            make_topics(self._address, self._timeout_s)
            self._consumer = self._connect()
        return {each.partition: records for each, records in self._consumer.poll(timeout_ms).items()}

    def _connect(self) -> Any:
        consumer = constructed(
            KafkaConsumer,
            group_id=GROUP if self._member else None,
            group_instance_id=self._member,
            session_timeout_ms=_SESSION_MS,
            heartbeat_interval_ms=1000,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            allow_auto_create_topics=False,
            max_poll_records=_MOST_AT_ONCE,
            fetch_max_wait_ms=200,
            max_poll_interval_ms=_POLLS_WITHIN_MS,
            request_timeout_ms=self._timeout_ms,
            **connection_settings(self._address, self._timeout_s),
        )
        if self._member:
            consumer.subscribe([EVENTS])
        else:
            consumer.assign([TopicPartition(EVENTS, each) for each in consumer.partitions_for_topic(EVENTS)])
        return consumer

    def _connected(self) -> Any:
        if self._consumer is None:
            raise KafkaError("not connected")
        return self._consumer

    def _assigned(self) -> set[Any]:
        return set(self._consumer.assignment()) if self._consumer is not None else set()

    def _seek(self, positions: Mapping[int, int | None]) -> None:
        for partition, position in positions.items():
            where = TopicPartition(EVENTS, partition)
            if where not in self._assigned():
                continue  # taken from us meanwhile
            if position is None:
                self._connected().seek_to_beginning(where)
            else:
                self._connected().seek(where, position)

    def _positions(self) -> dict[int, int]:
        found = {each.partition: self._connected().position(each, self._timeout_ms) for each in self._assigned()}
        return {partition: position for partition, position in found.items() if position is not None}

    def _ends(self) -> dict[int, int]:
        ends = self._connected().end_offsets(list(self._assigned()), timeout_ms=self._timeout_ms)
        return {each.partition: end for each, end in ends.items()}

    def _commit(self, positions: Mapping[int, int]) -> None:
        offsets = {TopicPartition(EVENTS, each): OffsetAndMetadata(next_, "", -1) for each, next_ in positions.items()}
        self._connected().commit(offsets, timeout_ms=self._timeout_ms)

    def _disconnect(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close(autocommit=False, timeout_ms=self._timeout_ms)

    def _leave(self) -> None:
        """A member with a name of its own stays one until its session ends, unless it is removed."""
        was_member = self._consumer is not None and self._member is not None
        self._disconnect()
        if was_member:
            admin = constructed(KafkaAdminClient, **admin_settings(self._address, self._timeout_s))
            try:
                admin.remove_group_members(GROUP, [MemberToRemove(group_instance_id=self._member)])
            finally:
                admin.close()
