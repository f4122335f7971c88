"""Messages to Kafka, acknowledged one by one: kafka-python's producer behind asyncio.

Whatever of it can block runs in one thread of its own, so that a call that is cancelled leaves nobody waiting, and the
loop never waits for Kafka.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from chaos_aura.platform.events.kafka_client import (
    KafkaError,
    KafkaProducer,
    KafkaTimeoutError,
    connection_settings,
    constructed,
)
from chaos_aura.platform.events.topics import LARGEST_MESSAGE, make_topics

_MOST_UNACKNOWLEDGED = 1000


@dataclass(frozen=True, slots=True)
class Message:
    topic: str
    value: bytes
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = ()


class _Handover:
    """One message on its way from the loop to the thread, and the answer on its way back."""

    def __init__(self, message: Message, settled: Callable[[], None]) -> None:
        self._message = message
        self._settled = settled
        self._loop = asyncio.get_running_loop()
        self.acknowledged: asyncio.Future[None] = self._loop.create_future()

    def make(self, send: Callable[[Message], Any]) -> None:
        """In the thread."""
        if self.acknowledged.done():
            self._report(None)  # cancelled while it waited for its turn
            return
        try:
            send(self._message).add_callback(lambda _: self._report(None)).add_errback(self._report)
        except Exception as cause:  # noqa: BLE001 - the border to kafka-python: the caller must hear of it
            self._report(cause)

    def _report(self, failure: Exception | None) -> None:
        """In any thread."""
        with suppress(RuntimeError):  # the loop has ended: nobody waits
            self._loop.call_soon_threadsafe(self._settle, failure)

    def _settle(self, failure: Exception | None) -> None:
        self._settled()
        if self.acknowledged.done():
            return
        if failure is None:
            self.acknowledged.set_result(None)
        else:
            self.acknowledged.set_exception(_as_kafka_error(failure))


class Producer:
    """Connects with the first message, and makes the topics where they are missing. Never gives up on an address."""

    def __init__(self, address: str, *, timeout_s: float) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._kafka: Any = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="kafka-send")
        self._room = asyncio.Semaphore(_MOST_UNACKNOWLEDGED)
        self._closing = threading.Event()

    async def send(self, message: Message) -> None:
        """Returns when it is acknowledged. Cancelled or failed, it may still arrive, within the time-out."""
        if self._closing.is_set():
            raise KafkaError("is closed")
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._room.acquire()
                await self._handed_over(message)
        except TimeoutError as cause:
            raise KafkaTimeoutError(f"not acknowledged within {self._timeout_s:g} s") from cause

    async def make_topics(self) -> None:
        await self._in_thread(lambda: make_topics(self._address, self._timeout_s))

    async def close(self) -> None:
        """What was handed over is sent or expires first: at most the time-out."""
        self._closing.set()
        await self._in_thread(self._close)
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _in_thread(self, work: Callable[[], None]) -> None:
        try:
            await asyncio.wrap_future(self._thread.submit(work))
        except Exception as cause:
            raise _as_kafka_error(cause) from cause

    def _handed_over(self, message: Message) -> "asyncio.Future[None]":
        handover = _Handover(message, self._room.release)
        self._thread.submit(handover.make, self._send)
        return handover.acknowledged

    def _send(self, message: Message) -> Any:
        if self._kafka is None:
            make_topics(self._address, self._timeout_s)
            self._kafka = self._connect()
        return self._kafka.send(message.topic, message.value, message.key, list(message.headers))

    def _connect(self) -> Any:
        timeout_ms = int(self._timeout_s * 1000)
        return constructed(
            KafkaProducer,
            acks="all",
            # With idempotence kafka-python 3.0 sends nothing any more after a connection was cut under load.
            enable_idempotence=False,
            max_in_flight_requests_per_connection=1,
            delivery_timeout_ms=timeout_ms,
            request_timeout_ms=timeout_ms // 2,
            max_block_ms=timeout_ms,
            retry_backoff_ms=50,
            max_request_size=LARGEST_MESSAGE,
            allow_auto_create_topics=False,
            **connection_settings(self._address, self._timeout_s),
        )

    def _close(self) -> None:
        if self._kafka is not None:
            # A batch expires after the time-out at the latest: with less patience than that it would not close at all.
            self._kafka.close(timeout=self._timeout_s + 1)
            self._kafka = None


def _as_kafka_error(cause: Exception) -> Exception:
    failure = cause
    if not isinstance(cause, KafkaError):
        failure = KafkaError(f"{type(cause).__name__}: {cause}")
    return failure
