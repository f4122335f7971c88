"""What real stores say of a request, whatever lies there; and that looking changes nothing."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from redis.asyncio import Redis
from schemas import made_schema

from chaos_aura.platform.events.producer import Message, Producer
from chaos_aura.platform.events.publisher import Publisher
from chaos_aura.platform.events.topics import EVENTS
from chaos_aura.platform.model import (
    Allocation,
    AllocationRequest,
    DecidedBy,
    Decision,
    GpuType,
    Grant,
    Outcome,
    Quote,
    State,
    Vote,
)
from chaos_aura.platform.model.event import events_of_decision
from chaos_aura.platform.stores.contexts import Contexts
from chaos_aura.platform.stores.decisions import Decisions
from chaos_aura.platform.trace.answer import Answer, AnswerState
from chaos_aura.platform.trace.asking import Asking
from chaos_aura.platform.trace.question import Question
from chaos_aura.stack.running import RunningStack

_TIMEOUT_S = 20.0
_ONE_HOUR_S = 3600
_NOW_MS = 1_795_000_000_000


@dataclass
class Stores:
    decisions: Decisions
    contexts: Contexts
    publisher: Publisher
    producer: Producer
    redis: "Redis"
    question: Question

    async def told(self, **changed: str) -> Mapping[str, Answer]:
        return await Asking(replace(self.question, **changed), _TIMEOUT_S).all()

    async def contexts_in_redis(self) -> dict[bytes, tuple[bytes | None, bool]]:
        """Each value of the tenant's context, and whether it ends some day."""
        found = {}
        async for key in self.redis.scan_iter(f"context*{self.question.request_id}"):
            found[key] = (await self.redis.dump(key), await self.redis.pttl(key) > 0)
        return found


@asynccontextmanager
async def opened(stack: RunningStack, request_id: str) -> AsyncIterator[Stores]:
    uris = {name: stack.catalogue.service(name).uri for name in ("temporal", "neo4j", "redis", "kafka")}
    stores = Stores(
        Decisions(uris["neo4j"], timeout_s=_TIMEOUT_S),
        Contexts(uris["redis"], ttl_s=_ONE_HOUR_S, timeout_s=_TIMEOUT_S),
        Publisher(uris["kafka"], timeout_s=_TIMEOUT_S),
        Producer(uris["kafka"], timeout_s=_TIMEOUT_S),
        Redis.from_url(uris["redis"]),
        Question(request_id, **uris),
    )
    try:
        yield stores
    finally:
        await stores.decisions.close()
        await stores.contexts.close()
        await stores.publisher.close()
        await stores.producer.close()
        await stores.redis.aclose()


def with_stores(stack: RunningStack, use: Callable[[Stores, Allocation], Awaitable[None]]) -> None:
    request_id = f"kept-{uuid.uuid4()}"

    async def run() -> None:
        async with opened(stack, request_id) as stores:
            await use(stores, granted(request_id))

    asyncio.run(run())


def granted(request_id: str) -> Allocation:
    decision = Decision(
        outcome=Outcome.APPROVED,
        decided_by=DecidedBy.MAJORITY,
        detail="1 of 1 votes approves",
        quote=Quote(5.12, 10.24),
        decided_at_ms=_NOW_MS,
        votes=(Vote("lnn_cost_optimizer", True, 0.9, "cheap"),),
    )
    request = AllocationRequest(request_id, f"tenant-{request_id}", GpuType.A100, 1, 2.0)
    grant = Grant(request_id, ("a100-0",), 3)
    return Allocation(request, State.GRANTED, _NOW_MS, decision, grant, _NOW_MS)


def states(told: Mapping[str, Answer]) -> dict[str, str]:
    return {name: answer.state.value for name, answer in told.items()}


def events_in(told: Mapping[str, Answer]) -> list[dict[str, Any]]:
    events: Any = told["kafka"].held["events"]
    return list(events)


def test_each_store_tells_what_it_holds(stack: RunningStack) -> None:
    async def use(stores: Stores, allocation: Allocation) -> None:
        await made_schema(stores.decisions)
        await stores.publisher.make_topics()
        await stores.decisions.write(allocation)
        await stores.publisher.publish(events_of_decision(allocation))
        tenant = allocation.request.tenant
        window = await stores.decisions.window(tenant)
        async with asyncio.timeout(_TIMEOUT_S):
            while await stores.contexts.read(tenant) is None:
                await stores.contexts.fill(window)  # in time: the leave to fill is for seconds
        told = await stores.told()
        assert states(told) == {
            "temporal": "nothing", "pool": "nothing", "neo4j": "found", "redis": "found", "kafka": "found",
        }  # fmt: skip
        assert told["neo4j"].held == {"allocation": allocation}
        assert {**told["redis"].held, "expires_in_s": 0} == {"tenant": tenant, "place": 1, "size": 1, "expires_in_s": 0}
        kinds = [event["kind"] for event in events_in(told)]
        assert kinds == ["allocation.requested", "allocation.decided", "allocation.granted"]
        offsets = [event["offset"] for event in events_in(told)]
        assert offsets == sorted(offsets)

    with_stores(stack, use)


def test_looking_changes_nothing_in_redis(stack: RunningStack) -> None:
    """Neither a missing window nor a damaged one: healing it is the platform's affair."""

    async def use(stores: Stores, allocation: Allocation) -> None:
        await stores.publisher.make_topics()
        await stores.publisher.publish(events_of_decision(allocation))
        key = f"context:{allocation.request.tenant}"
        assert (await stores.told())["redis"].state is AnswerState.NOTHING
        assert await stores.contexts_in_redis() == {}
        for damage in (lambda: stores.redis.set(key, "junk"), lambda: stores.redis.zadd(key, {"junk": 1.0})):
            await stores.redis.delete(key)
            await damage()
            before = await stores.contexts_in_redis()
            assert len(before) == 1
            answer = (await stores.told())["redis"]
            assert (answer.state, "damaged" in answer.why) == (AnswerState.NOTHING, True)
            assert await stores.contexts_in_redis() == before
        await stores.redis.delete(key)

    with_stores(stack, use)


def test_an_event_that_cannot_be_read_is_told_as_such(stack: RunningStack) -> None:
    async def use(stores: Stores, allocation: Allocation) -> None:
        await stores.publisher.make_topics()
        key = stores.question.request_id
        later = {"schema_version": 99, "allocation_id": key, "kind": "allocation.paused", "event_id": f"{key}:paused"}
        await stores.producer.send(Message(EVENTS, json.dumps(later).encode(), key.encode()))
        told = await stores.told(neo4j="", temporal="")
        (event,) = events_in(told)
        assert (event["kind"], event["why"].startswith("other_version")) == ("unreadable", True)
        assert told["redis"].why == "whoever could tell its tenant is away"

    with_stores(stack, use)


def test_events_from_before_their_request_are_found_too(stack: RunningStack) -> None:
    """Clocks may be wrong, by an experiment even."""

    async def use(stores: Stores, allocation: Allocation) -> None:
        await made_schema(stores.decisions)
        await stores.publisher.make_topics()
        await stores.publisher.publish(events_of_decision(allocation))
        await stores.decisions.write(replace(allocation, requested_at_ms=4_000_000_000_000))
        assert len(events_in(await stores.told(temporal=""))) == 3

    with_stores(stack, use)


def test_a_request_that_nobody_knows_is_nowhere(stack: RunningStack) -> None:
    async def use(stores: Stores, _: Allocation) -> None:
        await stores.publisher.make_topics()
        assert set(states(await stores.told()).values()) == {"nothing"}

    with_stores(stack, use)
