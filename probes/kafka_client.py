"""The one module that imports kafka-python: one topic read on and on, by no group, through every outage.

Others that need one of its clients for a while get it from `opened`, and ask it within `asking`.
"""

import logging
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from chaos_aura.core.errors import PingFailed

with warnings.catch_warnings():
    # On import it reads its schemas with functions that Python 3.12 deprecates.
    warnings.filterwarnings("ignore", r"(read|open)_text is deprecated", DeprecationWarning)
    from kafka import KafkaConsumer, KafkaProducer, TopicPartition  # type: ignore[import-untyped]
    from kafka.admin import KafkaAdminClient  # type: ignore[import-untyped]
    from kafka.errors import KafkaError, TopicAlreadyExistsError  # type: ignore[import-untyped]
    from kafka.net.compat import KafkaNetClient  # type: ignore[import-untyped]

__all__ = [
    "KafkaAdminClient",
    "KafkaConsumer",
    "KafkaProducer",
    "Record",
    "Topic",
    "TopicAlreadyExistsError",
    "TopicPartition",
    "asking",
    "opened",
]

# It tells of every refused connection; whoever calls it tells of one that failed, in words of its own.
logging.getLogger("kafka").setLevel(logging.CRITICAL)

_CONNECTS_WITHIN_S = 1.0
_POLL_MS = 100
_MS = 1000
# After a cut it fails in many ways, each of which means that Kafka could not be asked.
_FAILURES = (
    KafkaError,
    AttributeError,
    IndexError,
    KeyError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    AssertionError,
)


@dataclass(frozen=True, slots=True)
class Record:
    key: bytes
    value: bytes
    partition: int
    offset: int


class Topic:
    """It remembers itself how far it has read, so that a consumer that fails can be thrown away and nothing is missed.

    `found` is told each record once, in the order of its partition.
    """

    def __init__(self, address: str, name: str, found: Callable[[Record], None]) -> None:
        self._address = address
        self._name = name
        self._found = found
        self._read_to: dict[int, int] | None = None
        self._consumer: Any = None
        self._client: Any = None

    def begin_at_end(self, timeout_s: float) -> None:
        """What is there already is not read. PingFailed when it could not be asked: then all of it will be."""
        self._tried(lambda: self._begin(time.monotonic() + timeout_s))

    def begin_at(self, offsets: Mapping[int, int]) -> None:
        """Before anything is read. A partition that is not among them is read from its beginning."""
        self._read_to = dict(offsets)

    @property
    def offsets(self) -> Mapping[int, int]:
        """Up to where it was read."""
        return dict(self._read_to or {})

    def read_on(self, timeout_s: float) -> None:
        """To where it ended when this was called. PingFailed when that did not succeed in time."""
        self._tried(lambda: self._read_on(time.monotonic() + timeout_s))

    def close(self) -> None:
        consumer, client, self._consumer, self._client = self._consumer, self._client, None, None
        with suppress(*_FAILURES):
            if consumer is not None:
                consumer.close(autocommit=False, timeout_ms=_MS)
        with suppress(*_FAILURES):
            if client is not None:
                client.close()

    def _begin(self, deadline_s: float) -> None:
        self._read_to = dict(self._ends(deadline_s))
        self._seek()

    def _read_on(self, deadline_s: float) -> None:
        ends = self._ends(deadline_s)
        read_to = self._read_to = self._read_to if self._read_to is not None else {}
        while any(read_to.get(partition, 0) < end for partition, end in ends.items()):
            for partition, records in self._consumer.poll(timeout_ms=_POLL_MS).items():
                for record in records:
                    self._found(Record(record.key or b"", record.value or b"", partition.partition, record.offset))
                    read_to[partition.partition] = record.offset + 1
            self._skip_what_is_no_record(read_to)
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"topic {self._name} could not be read to its end in time")

    def _skip_what_is_no_record(self, read_to: dict[int, int]) -> None:
        """Marks of transactions take offsets too, and the first record may have been removed."""
        for each in self._consumer.assignment():
            at = self._consumer.position(each, timeout_ms=_MS)
            read_to[each.partition] = max(read_to.get(each.partition, 0), at or 0)

    def _ends(self, deadline_s: float) -> Mapping[int, int]:
        consumer = self._consumer or self._connect()
        left_ms = max(1, int((deadline_s - time.monotonic()) * _MS))
        found = consumer.end_offsets(list(consumer.assignment()), timeout_ms=left_ms)
        return {each.partition: int(end) for each, end in found.items()}

    def _connect(self) -> Any:
        """A constructor of kafka-python that fails leaves its sockets open: so the client is made, and closed, here."""
        self._consumer = consumer = KafkaConsumer(
            kafka_client=self._opened,
            bootstrap_servers=self._address,
            bootstrap_timeout_ms=int(_CONNECTS_WITHIN_S * _MS),
            request_timeout_ms=2 * _MS,
            reconnect_backoff_max_ms=100,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            allow_auto_create_topics=False,
            fetch_max_wait_ms=500,
            metrics_enabled=False,
        )
        partitions = consumer.partitions_for_topic(self._name)
        if not partitions:
            raise ValueError(f"there is no topic {self._name}")
        consumer.assign([TopicPartition(self._name, each) for each in sorted(partitions)])
        self._seek()
        return consumer

    def _seek(self) -> None:
        """A partition that is new is read from its beginning."""
        read_to = self._read_to or {}
        for each in self._consumer.assignment():
            self._consumer.seek(each, read_to.get(each.partition, 0))

    def _opened(self, **given: Any) -> Any:
        self._client = KafkaNetClient(**given)
        return self._client

    def _tried[T](self, work: Callable[[], T]) -> T:
        try:
            return work()
        except _FAILURES as cause:
            self.close()
            raise _could_not_be_asked(self._address, cause) from cause


@contextmanager
def asking(address: str) -> Iterator[None]:
    """The border: PingFailed for whatever a client of that address raises."""
    try:
        yield
    except _FAILURES as cause:
        raise _could_not_be_asked(address, cause) from cause


@contextmanager
def opened(kind: Callable[..., Any], address: str, **settings: Any) -> Iterator[Any]:
    """A client, closed afterwards with its sockets, even when its constructor fails. PingFailed when it does."""
    sockets: list[Any] = []

    def opening(**given: Any) -> Any:
        sockets.append(KafkaNetClient(**given))
        return sockets[-1]

    try:
        with asking(address):
            client = kind(kafka_client=opening, bootstrap_servers=address, reconnect_backoff_max_ms=100, **settings)
        yield client
    finally:
        for each in sockets:
            with suppress(*_FAILURES):
                each.close()


def _could_not_be_asked(address: str, cause: BaseException) -> PingFailed:
    why = " ".join(str(cause).split()) or type(cause).__name__
    return PingFailed(f"kafka at {address}", why)
