"""Lays what the stores hold beside what Temporal knows, of all allocations first, and again of those in doubt."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from chaos_aura.platform.repair.away import answering
from chaos_aura.platform.repair.kafka import EventsRead
from chaos_aura.platform.repair.plan import Plan, may_lack, plan_of
from chaos_aura.platform.repair.question import Question
from chaos_aura.platform.repair.temporal import Workflows
from chaos_aura.platform.repair.told import Told
from chaos_aura.platform.stores.decisions import Decisions
from chaos_aura.platform.stores.kept import Kept

NEO4J, KAFKA = "neo4j", "kafka"
_NEO4J_WITHIN_S = 10.0
_SPARE_S = 2.0  # its own words come first
_KAFKA_WITHIN_S = 60.0
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class LookedAt:
    """How many of the run's allocations each holds."""

    temporal: int
    neo4j: int
    kafka: int


class Looking:
    """DependencyAway from any of it when a store does not answer: then nobody knows what is missing."""

    def __init__(self, question: Question, workflows: Workflows, decisions: Decisions, events: EventsRead) -> None:
        self._question = question
        self._workflows = workflows
        self._decisions = decisions
        self._events = events

    async def all(self) -> tuple[LookedAt, Mapping[str, Plan]]:
        """Plans of those in doubt. Temporal is listed first: what had ended by then is in the stores, or is missing."""
        question = self._question
        running = await self._workflows.running_of(question.tag)
        kept, _ = await asyncio.gather(self._all_kept(), self._in_thread(self._events.read_on))
        kinds = self._events.kinds
        looked_at = LookedAt(len(running), len(kept), len(kinds))
        wanted = set(question.only) or running.keys() | kept.keys() | kinds.keys()
        doubtful = [
            each
            for each in sorted(wanted)
            if may_lack(kept.get(each), self._events.kinds_of(each), is_running=running.get(each, False))
        ]
        if doubtful:
            await self._in_thread(self._events.read_before)
        return looked_at, await self.again(doubtful)

    async def again(self, allocation_ids: Sequence[str]) -> Mapping[str, Plan]:
        """First Temporal, then the stores: only so is missing what they do not hold."""
        return await self.beside(await self.told_of(allocation_ids))

    async def told_of(self, allocation_ids: Sequence[str]) -> Mapping[str, Told]:
        return await self._workflows.told_of(allocation_ids)

    async def beside(self, told: Mapping[str, Told]) -> Mapping[str, Plan]:
        """What the stores hold now, beside what was told before."""
        if not told:
            return {}
        kept, _ = await asyncio.gather(self._kept_of(told), self._in_thread(self._events.read_on))
        return {each: plan_of(one, kept.get(each), self._events.kinds_of(each)) for each, one in told.items()}

    async def _all_kept(self) -> dict[str, Kept]:
        found: dict[str, Kept] = {}
        after = ""
        while True:
            asking = self._decisions.kept(self._question.tag, after, _PAGE)
            page = await answering(NEO4J, asking, _NEO4J_WITHIN_S + _SPARE_S)
            found |= {each.allocation_id: each for each in page}
            if len(page) < _PAGE:
                return found
            after = page[-1].allocation_id

    async def _kept_of(self, allocation_ids: Iterable[str]) -> dict[str, Kept]:
        found: dict[str, Kept] = {}
        wanted = list(allocation_ids)
        for start in range(0, len(wanted), _PAGE):
            asking = self._decisions.kept_of(wanted[start : start + _PAGE])
            found |= {each.allocation_id: each for each in await answering(NEO4J, asking, _NEO4J_WITHIN_S + _SPARE_S)}
        return found

    async def _in_thread(self, reading: Callable[[float], None]) -> None:
        """One that hangs is left behind: the process ends without it."""
        await answering(KAFKA, asyncio.to_thread(reading, _KAFKA_WITHIN_S), _KAFKA_WITHIN_S + _SPARE_S)


def decisions_at(uri: str) -> Decisions:
    return Decisions(uri, timeout_s=_NEO4J_WITHIN_S)
