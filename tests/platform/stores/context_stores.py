"""Contexts on the worker's edge, and decisions of the past to put into them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from stored_allocations import NOW_MS, granted

from chaos_aura.platform.model import PastDecision
from chaos_aura.platform.stores.contexts import Contexts
from chaos_aura.stack.running import RunningStack

EDGE = "worker.redis"
TTL_S = 100


@asynccontextmanager
async def contexts_of(stack: RunningStack, timeout_s: float = 20.0) -> AsyncIterator[Contexts]:
    store = Contexts(stack.catalogue.edge(EDGE).uri, ttl_s=TTL_S, timeout_s=timeout_s)
    try:
        yield store
    finally:
        await store.close()


def past_decision(tenant: str, at_ms: int) -> PastDecision:
    return granted(tenant, at_ms=at_ms).past_decision


def past_decisions(tenant: str, count: int) -> tuple[PastDecision, ...]:
    """One a millisecond."""
    return tuple(past_decision(tenant, NOW_MS + number) for number in range(count))
