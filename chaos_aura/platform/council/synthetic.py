"""Tenants and requests that never were, for the agents to learn from: steady ones, bursts, hoarders, strangers.

Every value is drawn in its own wide range, so that no valid request is far from something seen. Its seed decides all.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from chaos_aura.platform.council.situation import Situation
from chaos_aura.platform.model import (
    DEFAULT_INVENTORY,
    AllocationRequest,
    ContextSource,
    ContextWindow,
    GpuType,
    Outcome,
    PastDecision,
    Priority,
)
from chaos_aura.platform.model.context import WINDOW_SIZE
from chaos_aura.platform.pool.availability import Availability
from chaos_aura.platform.pricing import quote

NOW_MS = 1_700_000_000_000
_TYPES = tuple(GpuType)
_PRIORITIES = tuple(Priority)
# How often ...
_IS_ORDINARY = 0.2
_IS_SCARCE = 0.3
_HAS_BUDGET = 0.3
_HAS_DEFAULT_INVENTORY = 0.5
_IS_LIKE_ALWAYS = 0.8
_HAS_USUAL_PRIORITY = 0.8


@dataclass(frozen=True, slots=True)
class Habits:
    """What a tenant mostly does."""

    gpu_type: GpuType
    share: float  # of the type's inventory
    hours: float
    gap_ms: float
    priority: Priority
    spot: float  # how often
    approved: float  # how often
    loyalty: float  # how often it takes its own type


def situations(seed: int) -> Iterator[Situation]:
    random = Random(seed)
    while True:
        yield _ordinary(random) if random.random() < _IS_ORDINARY else _any(random)


def _any(random: Random) -> Situation:
    total = _inventory(random)
    habits = _habits(random)
    past = _past(random, habits, total, random.randint(0, WINDOW_SIZE))
    request = _request(random, habits, total)
    free = random.randint(request.count, max(request.count, total[request.gpu_type]))
    if random.random() < _IS_SCARCE:
        free = min(free, request.count + random.randint(0, 2))
    return _situation(random, request, past, Availability({request.gpu_type: free}, total), habits.gap_ms)


def _ordinary(random: Random) -> Situation:
    """One or two GPUs for an hour or less, a third of them free, from a tenant who always asks so."""
    total = _inventory(random)
    habits = Habits(
        gpu_type=random.choice(_TYPES),
        share=0.0,
        hours=_between(random, 0.02, 2.0),
        gap_ms=_between(random, 1, 3_600_000),
        priority=random.choice(_PRIORITIES),
        spot=random.choice((0.0, 0.2, 1.0)),
        approved=random.choice((0.3, 0.9, 1.0)),
        loyalty=random.choice((0.3, 1.0)),
    )
    past = _past(random, habits, total, random.choice((0, random.randint(0, WINDOW_SIZE), WINDOW_SIZE)))
    request = _request(random, habits, total)
    of_type = total[request.gpu_type]
    free = random.randint(max(request.count, math.ceil(of_type / 3)), max(request.count, of_type))
    return _situation(random, request, past, Availability({request.gpu_type: free}, total), habits.gap_ms)


def _inventory(random: Random) -> dict[GpuType, int]:
    if random.random() < _HAS_DEFAULT_INVENTORY:
        return dict(DEFAULT_INVENTORY)
    return {gpu_type: round(_between(random, 2, 2000)) for gpu_type in _TYPES}


def _habits(random: Random) -> Habits:
    return Habits(
        gpu_type=random.choice(_TYPES),
        share=_between(random, 0.05, 1.0),
        hours=_between(random, 0.5, 300),
        gap_ms=_between(random, 1, 4 * 86_400_000),
        priority=random.choice(_PRIORITIES),
        spot=random.choice((0.0, 0.3, 1.0)),
        approved=random.choice((0.2, 0.8, 1.0)),
        loyalty=random.choice((0.3, 0.8, 1.0)),
    )


def _past(random: Random, habits: Habits, total: dict[GpuType, int], length: int) -> tuple[PastDecision, ...]:
    at_ms = NOW_MS
    past = []
    for number in range(length):
        at_ms -= round(habits.gap_ms * random.expovariate(1))
        asked = _request(random, habits, total)
        outcome = Outcome.APPROVED if random.random() < habits.approved else Outcome.REFUSED
        past.append(
            PastDecision(
                allocation_id=f"past-{length - number:02}",
                decided_at_ms=at_ms,
                gpu_type=asked.gpu_type.value,
                count=asked.count,
                hours=asked.hours,
                priority=asked.priority.value,
                spot=asked.spot,
                outcome=outcome.value,
                total_usd=quote(asked).total_usd,
            )
        )
    return tuple(reversed(past))


def _request(random: Random, habits: Habits, total: dict[GpuType, int]) -> AllocationRequest:
    gpu_type = habits.gpu_type if random.random() < habits.loyalty else random.choice(_TYPES)
    like_always = random.random() < _IS_LIKE_ALWAYS
    share = habits.share * _between(random, 0.7, 1.4) if like_always else _between(random, 0.02, 1.0)
    if habits.share == 0.0:
        count = min(total[gpu_type], random.randint(1, 2))
    else:
        count = min(total[gpu_type], max(1, round(total[gpu_type] * share)))
    hours = habits.hours * _between(random, 0.7, 1.4)
    if habits.share and not like_always:
        hours = _between(random, 0.02, 720)
    return AllocationRequest(
        request_id="now",
        tenant="someone",
        gpu_type=gpu_type,
        count=count,
        hours=round(max(0.01, hours), 2),
        priority=habits.priority if random.random() < _HAS_USUAL_PRIORITY else random.choice(_PRIORITIES),
        spot=random.random() < habits.spot,
    )


def _situation(
    random: Random,
    request: AllocationRequest,
    past: tuple[PastDecision, ...],
    availability: Availability,
    gap_ms: float,
) -> Situation:
    price = quote(request)
    if random.random() < _HAS_BUDGET:
        request = replace(request, budget_usd=round(price.total_usd * _between(random, 1.01, 20), 2))
    return Situation(
        request=request,
        quote=price,
        availability=availability,
        window=ContextWindow(request.tenant, past, ContextSource.REDIS),
        now_ms=NOW_MS + round(gap_ms * random.expovariate(1)),
    )


def _between(random: Random, low: float, high: float) -> float:
    """As many small ones as large ones, whatever the scale."""
    return low * math.exp(random.random() * math.log(high / low))
