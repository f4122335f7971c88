"""Events to their topic: at least once, and in order for each allocation.

An allocation's next event is handed over only after the one before it is acknowledged. With both on their way at once,
the first could expire and the second arrive, and a caller that then tries again would tell them in the wrong order.
"""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any, Final

from chaos_aura.platform.events import ping
from chaos_aura.platform.events.codec import to_bytes
from chaos_aura.platform.events.kafka_client import KafkaError, KafkaTimeoutError
from chaos_aura.platform.events.producer import Message, Producer
from chaos_aura.platform.events.topics import EVENTS
from chaos_aura.platform.model import Event


class Publisher:
    """Made and used within one running loop. A call that Kafka does not serve in time raises one of FAILURES."""

    FAILURES: Final[tuple[type[Exception], ...]] = (KafkaError,)

    def __init__(self, address: str, *, timeout_s: float) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._producer = Producer(address, timeout_s=timeout_s)

    async def publish(self, events: Sequence[Event]) -> None:
        """Returns when all are acknowledged. After a failure or a cancellation, try again with the same events."""
        by_allocation: dict[str, list[Event]] = {}
        for event in events:
            by_allocation.setdefault(event.allocation_id, []).append(event)
        try:
            async with asyncio.timeout(self._timeout_s):
                await _all(map(self._publish_in_order, by_allocation.values()))
        except TimeoutError as cause:
            raise KafkaTimeoutError(f"not all acknowledged within {self._timeout_s:g} s") from cause

    async def make_topics(self) -> None:
        """Those that exist stay as they are."""
        await self._producer.make_topics()

    async def ping(self) -> None:
        await ping.ping(self._address, self._timeout_s)

    async def close(self) -> None:
        """What is under way is acknowledged or expires first: at most the time-out."""
        await self._producer.close()

    async def _publish_in_order(self, events: Sequence[Event]) -> None:
        for event in events:
            await self._producer.send(Message(EVENTS, to_bytes(event), event.allocation_id.encode()))


async def _all(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Each goes to its own end: the failure of one allocation stops no other."""
    for outcome in await asyncio.gather(*works, return_exceptions=True):
        if outcome is not None:
            raise outcome
