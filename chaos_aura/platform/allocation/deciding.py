"""How a request is decided: what is free, what it costs, what the tenant did before, what the council says."""

import asyncio
import time
from collections.abc import Callable

from chaos_aura.platform.council.council import Council
from chaos_aura.platform.council.decide import decide, ruled_out
from chaos_aura.platform.flags import Flags
from chaos_aura.platform.model import AllocationRequest, ContextWindow, Decision
from chaos_aura.platform.observe.spans import step
from chaos_aura.platform.pool.availability import Availability
from chaos_aura.platform.pool.client import PoolClient
from chaos_aura.platform.pricing import quote
from chaos_aura.platform.stores.context_reader import ContextReader

# What is free changes with every grant, and only the pool's own word at the grant counts.
_FRESH_FOR_S = 0.1


class Deciding:
    def __init__(self, pool: PoolClient, contexts: ContextReader, council: Council, flags: Callable[[], Flags]) -> None:
        self._pool = pool
        self._contexts = contexts
        self._council = council
        self._flags = flags
        self._seen: Availability | None = None
        self._seen_at_s = 0.0
        self._look: asyncio.Task[Availability] | None = None

    async def decide(self, request: AllocationRequest) -> Decision:
        with step("decide", "worker", gpu_type=request.gpu_type.value, count=request.count) as deciding:
            decision = await self._decide(request)
            deciding.output(outcome=decision.outcome.value, by=decision.decided_by.value)
            return decision

    async def _decide(self, request: AllocationRequest) -> Decision:
        availability, window = await asyncio.gather(self._availability(), self._window_of(request.tenant))
        price, now_ms = quote(request), int(time.time() * 1000)
        if ruled := ruled_out(request, price, availability, now_ms, window):
            return ruled
        with step("vote", "council", context=len(window.decisions), source=window.source.value) as voting:
            ballot = await self._council.vote(request, price, availability, window, now_ms)
            voting.output(votes={vote.agent: vote.approves for vote in ballot.votes}, absent=dict(ballot.absent))
        return decide(request, price, availability, ballot, window, now_ms)

    async def _window_of(self, tenant: str) -> ContextWindow:
        with step("read context", "worker", tenant=tenant) as reading:
            window = await self._contexts.window_of(tenant)
            reading.output(source=window.source.value, size=len(window.decisions))
            return window

    async def _availability(self) -> Availability:
        if self._seen and self._flags().cache and time.monotonic() - self._seen_at_s < _FRESH_FOR_S:
            return self._seen
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._ask_pool())
        return await asyncio.shield(self._look)

    async def _ask_pool(self) -> Availability:
        self._seen = await self._pool.availability()
        self._seen_at_s = time.monotonic()
        return self._seen
