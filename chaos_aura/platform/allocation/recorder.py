"""Writes an allocation's story to the three stores, each behind its guard."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping

from chaos_aura.platform.allocation.one_by_one import OneByOne
from chaos_aura.platform.allocation.orders import Recorded, RecordOrder, Stage, Store
from chaos_aura.platform.errors import BreakerOpen, DependencyFailed
from chaos_aura.platform.events.publisher import Publisher
from chaos_aura.platform.guards import Guard
from chaos_aura.platform.model import Event
from chaos_aura.platform.model.event import event_of_release, events_of_decision
from chaos_aura.platform.observe import metrics
from chaos_aura.platform.observe.spans import step
from chaos_aura.platform.stores.contexts import Contexts
from chaos_aura.platform.stores.decisions import Decisions

PATIENT_FOR_S = 8.0
# Each brings work for Temporal, for this process and for the next in line: a fifth of a core.
_GO_ON_EVERY_S, GO_ON_WITHIN_S = 0.04, 5.0


class Recorder:
    def __init__(
        self, decisions: Decisions, contexts: Contexts, publisher: Publisher, guards: Mapping[Store, Guard]
    ) -> None:
        self._decisions = decisions
        self._contexts = contexts
        self._publisher = publisher
        self._guards = guards
        self._late = OneByOne(_GO_ON_EVERY_S, GO_ON_WITHIN_S)
        self._writers: Mapping[Store, Callable[[RecordOrder], Awaitable[None]]] = {
            Store.NEO4J: self._write_decision,
            Store.REDIS: self._write_context,
            Store.KAFKA: self._write_events,
        }

    async def record(self, order: RecordOrder) -> Recorded:
        """Side by side."""
        ends = await asyncio.gather(*(self._write(store, order) for store in order.stores), return_exceptions=True)
        failed = {}
        for store, end in zip(order.stores, ends, strict=True):
            if isinstance(end, DependencyFailed):
                failed[store.value] = str(end)
            elif isinstance(end, BaseException):
                raise end
        decision = order.allocation.decision
        reason = decision.reason.value if decision and decision.reason else ""
        metrics.allocations_total.labels(state=order.allocation.state.value, reason=reason).inc()
        return Recorded(failed)

    async def record_patiently(self, order: RecordOrder) -> None:
        """Waits for an open breaker for a while: that costs less than coming again."""
        (store,) = order.stores
        patient_until_s = time.monotonic() + PATIENT_FOR_S
        with metrics.persist_pending.labels(store=store.value).track_inprogress():
            while True:
                try:
                    await self._write(store, order)
                    break
                except BreakerOpen as closed_later:
                    wait_s = closed_later.retry_after_s * random.uniform(0.5, 1.5)
                    if time.monotonic() + wait_s > patient_until_s:
                        raise
                await asyncio.sleep(wait_s)
        await self._late.turn()

    async def _write(self, store: Store, order: RecordOrder) -> None:
        with step(f"write {store.value}", store.value, state=order.allocation.state.value):
            await self._guards[store].run(lambda: self._writers[store](order))

    async def _write_decision(self, order: RecordOrder) -> None:
        await self._decisions.write(order.allocation)

    async def _write_context(self, order: RecordOrder) -> None:
        if order.written < Stage.DECIDED:
            await self._contexts.remember(order.allocation.request.tenant, order.allocation.past_decision)

    async def _write_events(self, order: RecordOrder) -> None:
        events = _events_after(order)
        await self._publisher.publish(events)
        for event in events:
            metrics.events_published_total.labels(kind=event.kind.value).inc()


def _events_after(order: RecordOrder) -> tuple[Event, ...]:
    events: tuple[Event, ...] = ()
    if order.written < Stage.DECIDED:
        events += events_of_decision(order.allocation)
    if order.allocation.released_at_ms is not None:
        events += (event_of_release(order.allocation),)
    return events
