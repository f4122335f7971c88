"""Writes what is missing, and proves that it is there. Asked again just before, so that no plan is old."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from dataclasses import dataclass

from chaos_aura.platform.allocation.orders import Store
from chaos_aura.platform.errors import DependencyAway
from chaos_aura.platform.events.publisher import Publisher
from chaos_aura.platform.repair.away import answering
from chaos_aura.platform.repair.looking import Looking
from chaos_aura.platform.repair.plan import Item, Left, Plan, events_to_write
from chaos_aura.platform.stores.decisions import Decisions

_AT_ONCE = 50
_WRITTEN_WITHIN_S = 20.0  # a server that has just started plans its first write for seconds

type _Failures = Mapping[tuple[str, Store], str]


@dataclass(frozen=True, slots=True)
class Done:
    """What became of an item: read back, it is there; or why it is not."""

    item: Item
    repaired: bool
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Applied:
    """Of one batch."""

    done: tuple[Done, ...]
    left: tuple[Left, ...]


class Applying:
    def __init__(self, looking: Looking, decisions: Decisions, publisher: Publisher) -> None:
        self._looking = looking
        self._decisions = decisions
        self._publisher = publisher

    async def all(self, plans: Mapping[str, Plan]) -> AsyncIterator[Applied]:
        """A batch at a time. Once a store is away, the rest is not tried."""
        wanted = [each for each, plan in plans.items() if plan.items]
        away = ""
        for start in range(0, len(wanted), _AT_ONCE):
            batch = {each: plans[each] for each in wanted[start : start + _AT_ONCE]}
            if not away:
                try:
                    yield await self._batch(batch)
                    continue
                except DependencyAway as cause:
                    away = str(cause)
            yield _not_tried(batch, away)

    async def _batch(self, former: Mapping[str, Plan]) -> Applied:
        told = await self._looking.told_of(list(former))
        plans = await self._looking.beside(told)
        failures = await self._write(plans)
        after = await self._looking.beside(told)
        done = []
        for each, plan in plans.items():
            for item in _together(former[each], plan):
                is_there = not _is_open(item, after[each])
                why = failures.get((each, item.store), "it was written, and is not there")
                done.append(Done(item, is_there, "" if is_there else why))
        return Applied(tuple(done), tuple(left for plan in after.values() for left in plan.left))

    async def _write(self, plans: Mapping[str, Plan]) -> _Failures:
        """Side by side. What failed may be there all the same: only reading it back tells."""
        writing: dict[tuple[str, Store], Awaitable[None]] = {}
        for each, plan in plans.items():
            if plan.allocation and any(item.store is Store.NEO4J for item in plan.items):
                writing[each, Store.NEO4J] = self._decisions.write(plan.allocation)
            if events := events_to_write(plan):
                writing[each, Store.KAFKA] = self._publisher.publish(events)
        asked = [answering(store, one, _WRITTEN_WITHIN_S) for (_, store), one in writing.items()]
        ends = await asyncio.gather(*asked, return_exceptions=True)
        return {where: str(end) for where, end in zip(writing, ends, strict=True) if end is not None}


def _not_tried(batch: Mapping[str, Plan], why: str) -> Applied:
    done = tuple(Done(item, False, why) for plan in batch.values() for item in plan.items)
    return Applied(done, tuple(left for plan in batch.values() for left in plan.left))


def _together(former: Plan, now: Plan) -> list[Item]:
    """What is missing now, and what has come by itself meanwhile. What cannot be written any more is left instead."""
    return [*now.items, *(item for item in former.items if not _is_open(item, now))]


def _is_open(item: Item, plan: Plan) -> bool:
    """It is missing, or nobody can say that it is not."""
    is_missing = any((each.store, each.missing) == (item.store, item.missing) for each in plan.items)
    return is_missing or any(left.store in (item.store, "temporal") for left in plan.left)
