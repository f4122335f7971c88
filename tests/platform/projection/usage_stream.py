"""Events of many made-up allocations, told to Kafka, and the usage that they add up to."""

import asyncio
import random
import threading
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import ROUND_HALF_UP, Decimal

from chaos_aura.platform.events.publisher import Publisher
from chaos_aura.platform.model import (
    Allocation,
    AllocationRequest,
    DecidedBy,
    Decision,
    Event,
    EventKind,
    GpuType,
    Grant,
    Outcome,
    Quote,
    RefusalReason,
    State,
)
from chaos_aura.platform.model.event import event_of_release, events_of_decision
from chaos_aura.platform.projection.usage import Usage, UsageReader

_HOUR_MS = 3_600_000


def story(rng: random.Random, tenant: str) -> list[Event]:
    """Refused, granted, or granted and released."""
    ending = rng.choice(["refused", "granted", "released", "released"])
    count, gpu_type = rng.randint(1, 4), rng.choice(list(GpuType))
    allocation_id = f"{tenant}-{uuid.UUID(int=rng.getrandbits(128)).hex[:12]}"
    outcome = Outcome.REFUSED if ending == "refused" else Outcome.APPROVED
    reason = RefusalReason.NO_CAPACITY if ending == "refused" else None
    quote = Quote(hourly_usd=count * 0.526, total_usd=count * 1.052)
    gpus = tuple(f"{gpu_type}-{rng.randint(1, 9)}" for _ in range(count))
    allocation = Allocation(
        AllocationRequest(allocation_id, tenant, gpu_type, count, 2.0),
        State(ending),
        requested_at_ms=1000,
        decision=Decision(outcome, DecidedBy.RULES, "for a test", quote, 1010, reason),
        grant=None if ending == "refused" else Grant(allocation_id, gpus, rng.randint(1, 1000)),
        granted_at_ms=None if ending == "refused" else 1020,
        released_at_ms=1020 + rng.randint(1, _HOUR_MS) if ending == "released" else None,
        release_reason="asked" if ending == "released" else None,
    )
    events = list(events_of_decision(allocation))
    return [*events, event_of_release(allocation)] if ending == "released" else events


def usage_of(tenant: str, events: Sequence[Event]) -> Usage:
    """The sum of the events, counted here in a way of its own."""
    own = {event.event_id: event for event in events if event.tenant == tenant}.values()
    kinds = Counter(event.kind for event in own)
    released = [event for event in own if event.kind is EventKind.RELEASED]
    granted = [event for event in own if event.kind is EventKind.GRANTED]
    hours: Counter[str] = Counter()
    held: Counter[str] = Counter()
    for event in granted:
        held[event.gpu_type] += event.count
    for event in released:
        held[event.gpu_type] -= event.count
        hours[event.gpu_type] += event.count * (event.held_ms or 0)
    return Usage(
        tenant,
        requested=kinds[EventKind.REQUESTED],
        decided=kinds[EventKind.DECIDED],
        granted=kinds[EventKind.GRANTED],
        refused=kinds[EventKind.REFUSED],
        released=kinds[EventKind.RELEASED],
        gpu_hours={gpu_type: held_ms / _HOUR_MS for gpu_type, held_ms in hours.items()},
        held_gpus={gpu_type: count for gpu_type, count in held.items() if count},
        quoted_usd=sum(round((event.total_usd or 0) * 10**6) for event in granted) / 10**6,
        used_usd=sum(map(_cost_micro_usd, released)) / 10**6,
        duplicates=len([event for event in events if event.tenant == tenant]) - len(own),
    )


def _cost_micro_usd(event: Event) -> int:
    hourly_micro_usd = round((event.hourly_usd or 0) * 10**6)
    cost = Decimal(hourly_micro_usd) * (event.held_ms or 0) / _HOUR_MS
    return int(cost.quantize(Decimal(1), ROUND_HALF_UP))


def publish(address: str, events: Sequence[Event]) -> None:
    async def telling() -> None:
        publisher = Publisher(address, timeout_s=20)
        try:
            await publisher.publish(events)
        finally:
            await publisher.close()

    asyncio.run(telling())


def read_usage(redis: str, tenant: str) -> Usage:
    async def reading() -> Usage:
        reader = UsageReader(redis, timeout_s=10)
        try:
            return await reader.of(tenant)
        finally:
            await reader.close()

    return asyncio.run(reading())


class Stream:
    """Stories told one after another, by a thread, until it is ended. Now and then an event is told twice."""

    def __init__(self, address: str, tenants: Sequence[str], rng: random.Random) -> None:
        self.events: list[Event] = []
        self._address = address
        self._tenants = tenants
        self._rng = rng
        self._ending = threading.Event()
        self._failure: BaseException | None = None

    def run(self) -> None:
        try:
            asyncio.run(self._tell())
        except BaseException as failure:  # noqa: BLE001 - told where the stream is ended
            self._failure = failure

    def end(self) -> None:
        self._ending.set()

    def require_health(self) -> None:
        if self._failure is not None:
            raise self._failure

    async def _tell(self) -> None:
        publisher = Publisher(self._address, timeout_s=20)
        try:
            while not self._ending.is_set():
                events = story(self._rng, self._rng.choice(self._tenants))
                if self._rng.random() < 0.1:
                    events.append(self._rng.choice(events))
                self.events += events
                await publisher.publish(events)
                await asyncio.sleep(0.002)
        finally:
            await publisher.close()


@contextmanager
def streaming(address: str, tenants: Sequence[str], rng: random.Random) -> Iterator[Stream]:
    """All of its events are on Kafka afterwards."""
    stream = Stream(address, tenants, rng)
    thread = threading.Thread(target=stream.run)
    thread.start()
    try:
        yield stream
    finally:
        stream.end()
        thread.join()
    stream.require_health()
