"""Asks all stores side by side. What one alone knows, the tenant, is passed on to the one that needs it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from temporalio.client import Client

from chaos_aura.platform.connections import connect_temporal
from chaos_aura.platform.model import Allocation
from chaos_aura.platform.settings import Settings
from chaos_aura.platform.trace.answer import Answer, AnswerState, answered, nothing
from chaos_aura.platform.trace.kafka import ask_kafka
from chaos_aura.platform.trace.neo4j import ask_neo4j
from chaos_aura.platform.trace.question import Question
from chaos_aura.platform.trace.redis import ask_redis
from chaos_aura.platform.trace.temporal import ask_pool, ask_temporal

type _Ask = Callable[[], Awaitable[Answer]]
type _Answering = asyncio.Task[Answer]

STORE_WITHIN_S = 3.0
_WORKER_WITHIN_S = 2.0  # leaves time to tell what the server knows
_SEARCH_SHARE = 0.9  # of Kafka's time: then it tells what it has found
_NOT_THERE = Answer(AnswerState.AWAY, "not part of this stack")


class Asking:
    """One question, asked once."""

    def __init__(self, question: Question, within_s: float = STORE_WITHIN_S) -> None:
        self._question = question
        self._within_s = within_s
        self._connecting: asyncio.Task[Client] | None = None

    async def all(self) -> Mapping[str, Answer]:
        """In the order in which people read them."""
        question = self._question
        temporal = self._begun(question.temporal, self._ask_temporal)
        pool = self._begun(question.temporal, self._ask_pool)
        neo4j = self._begun(question.neo4j, self._ask_neo4j)
        kafka = asyncio.create_task(self._ask_kafka((temporal, neo4j)))
        redis = asyncio.create_task(self._ask_redis((temporal, neo4j, kafka)))
        return {
            "temporal": await temporal,
            "pool": await pool,
            "neo4j": await neo4j,
            "redis": await redis,
            "kafka": await kafka,
        }

    def _begun(self, address: str, ask: _Ask) -> _Answering:
        return asyncio.create_task(answered(ask(), self._within_s) if address else _said(_NOT_THERE))

    async def _ask_temporal(self) -> Answer:
        return await ask_temporal(await self._temporal(), self._question.request_id, _WORKER_WITHIN_S)

    async def _ask_pool(self) -> Answer:
        return await ask_pool(await self._temporal(), self._question.request_id, self._within_s)

    async def _ask_neo4j(self) -> Answer:
        return await ask_neo4j(self._question.neo4j, self._question.request_id, self._within_s)

    async def _ask_kafka(self, tellers: Sequence[_Answering]) -> Answer:
        """Its own time begins when somebody has told since when to search."""
        if not self._question.kafka:
            return _NOT_THERE
        since_ms = await _first_of(tellers, _requested_at_ms) or 0
        within_s = self._within_s * _SEARCH_SHARE
        search = asyncio.to_thread(ask_kafka, self._question.kafka, self._question.request_id, since_ms, within_s)
        return await answered(search, self._within_s)

    async def _ask_redis(self, tellers: Sequence[_Answering]) -> Answer:
        """Its own time begins when somebody has told the tenant."""
        if not self._question.redis:
            return _NOT_THERE
        if tenant := await _first_of(tellers, _tenant):
            asking = ask_redis(self._question.redis, self._question.request_id, tenant, self._within_s)
            return await answered(asking, self._within_s)
        if any(telling.result().state is AnswerState.AWAY for telling in tellers):
            return Answer(AnswerState.AWAY, "whoever could tell its tenant is away")
        return nothing("nobody knows of a tenant of it")

    async def _temporal(self) -> Client:
        """One connection for both who ask."""
        if self._connecting is None:
            settings = Settings("trace", Path(), "", temporal=self._question.temporal)
            self._connecting = asyncio.create_task(connect_temporal(settings, lazy=False, retry_for_s=self._within_s))
        return await asyncio.shield(self._connecting)


async def _first_of[T](tellers: Sequence[_Answering], told_by: Callable[[Answer], T]) -> T | None:
    for telling in asyncio.as_completed(tellers):
        if told := told_by(await telling):
            return told
    return None


def _tenant(answer: Answer) -> str:
    allocation, events = answer.held.get("allocation"), answer.held.get("events")
    if isinstance(allocation, Allocation):
        return allocation.request.tenant
    named = [str(event["tenant"]) for event in events if "tenant" in event] if isinstance(events, list) else []
    return named[0] if named else ""


def _requested_at_ms(answer: Answer) -> int:
    allocation = answer.held.get("allocation")
    return allocation.requested_at_ms if isinstance(allocation, Allocation) else 0


async def _said(answer: Answer) -> Answer:
    return answer
