"""Whether the stores hold what tenants were told: nothing acknowledged is lost, nothing is there twice or unasked for.

Of an operation that nobody knows the end of, a store may hold everything or nothing: it is never counted as lost, nor
as phantom. A store that could not be read is UNKNOWN; one that the stack does not have is asked for nothing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from chaos_aura.core.operation import Operation
from chaos_aura.core.verdict import Judgement, failed, passed, together, unknown
from chaos_aura.judge.consistency.stores.contexts import ContextsBeside
from chaos_aura.judge.consistency.stores.finding import Finding, Findings, Kind
from chaos_aura.judge.consistency.stores.kafka import of_kafka
from chaos_aura.judge.consistency.stores.neo4j import HeldInNeo4j, of_neo4j
from chaos_aura.judge.consistency.stores.pool import PoolBeside
from chaos_aura.judge.consistency.stores.temporal import of_temporal
from chaos_aura.judge.consistency.stores.told import Told
from chaos_aura.judge.consistency.stores.usage import UsageBeside
from chaos_aura.record.rows import KAFKA, NEO4J, TEMPORAL, Rows
from chaos_aura.record.stores import POOL, REDIS, USAGE, Stores

_TOLD = 3
# What each rests on besides itself.
_RESTS_ON: Mapping[str, tuple[str, ...]] = {
    POOL: (), NEO4J: (), KAFKA: (), TEMPORAL: (), REDIS: (NEO4J,), USAGE: (KAFKA,),
}  # fmt: skip
STORES = tuple(_RESTS_ON)
_WRITTEN_BY_WORKFLOWS = (NEO4J, KAFKA, REDIS)
# What they are made of may still be under way where nothing else is missing any more.
_MADE_OF_OTHERS = frozenset({REDIS, USAGE, TEMPORAL})
_COME_LATER = frozenset({Kind.LOST, Kind.LEAKED})


@dataclass(frozen=True)
class Agreement:
    """`acknowledged`: allocations that were granted, whatever became of them. `counts`: of findings, also of those that
    are too many to be kept."""

    acknowledged: int
    findings: tuple[Finding, ...]
    judgement: Judgement
    counts: Mapping[Kind, int] = field(default_factory=dict)

    def of(self, kind: Kind) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if each.kind is kind)

    @property
    def may_mend(self) -> bool:
        """Some of what is wrong may still be under way. What is not can be told apart only when that has come."""
        return any(map(_may_mend, self.findings))

    @property
    def is_certain(self) -> bool:
        """Something is wrong that no waiting mends."""
        return not all(map(_may_mend, self.findings))


def agreement(operations: Iterable[Operation], rows: Rows, stores: Stores, tag: str) -> Agreement:
    """Of a run whose load has ended. What begins with `tag` belongs to it; what else the pool holds is others'."""
    agreeing = Agreeing(stores, tag)
    agreeing.add(operations, rows)
    return agreeing.done()


class Agreeing:
    """Told of some allocations after others, each once and with all its operations and rows."""

    def __init__(self, stores: Stores, tag: str) -> None:
        self._stores = stores
        self._acknowledged = 0
        self._pool = PoolBeside(stores.pool, tag)
        self._held = HeldInNeo4j()
        self._contexts = ContextsBeside(stores.contexts)
        self._usage = UsageBeside(stores.usage)
        self._found = {store: Findings() for store in _RESTS_ON if stores.is_read(store)}

    def add(self, operations: Iterable[Operation], rows: Rows) -> None:
        told = Told(operations)
        self._acknowledged += len(told.granted)
        self._held.add(told, rows.neo4j)
        self._contexts.add(rows.neo4j)
        self._usage.add(rows.kafka)
        found: Mapping[str, Iterator[Finding]] = {
            POOL: self._pool.of(told),
            NEO4J: of_neo4j(told, rows.neo4j),
            KAFKA: of_kafka(told, rows.kafka),
            TEMPORAL: of_temporal(told, rows.temporal, may_write=self._may_write),
        }
        for store, findings in found.items():
            if store in self._found:
                self._found[store].add(self._shown(each, told, rows) for each in findings)

    def done(self) -> Agreement:
        whole: Mapping[str, Iterator[Finding]] = {
            POOL: self._pool.of_all(),
            NEO4J: self._held.of_all(),
            REDIS: self._contexts.of_all(),
            USAGE: self._usage.of_all(),
        }
        for store, findings in whole.items():
            if store in self._found and all(map(self._stores.is_read, _RESTS_ON[store])):
                self._found[store].add(findings)
        counts: Counter[Kind] = sum((each.counts for each in self._found.values()), Counter())
        kept = tuple(each for found in self._found.values() for each in found.kept)
        there = [store for store in _RESTS_ON if store not in self._stores.absent]
        judged = [self._judged(store) for store in there]
        left_out = [passed(f"{store} is no part of this stack: not asked") for store in _RESTS_ON if store not in there]
        return Agreement(self._acknowledged, kept, together([*judged, *left_out] if judged else []), counts)

    @property
    def _may_write(self) -> bool:
        return not all(map(self._stores.is_read, _WRITTEN_BY_WORKFLOWS))

    def _shown(self, finding: Finding, told: Told, rows: Rows) -> Finding:
        name = finding.allocation
        return finding.with_evidence(
            told.operations.get(name, ()), list(_seen(finding.store, name, rows, self._stores))
        )

    def _judged(self, store: str) -> Judgement:
        stores, found = self._stores, self._found.get(store)
        if found is None:
            return unknown(f"{store} could not be read: {stores.missing[store]}")
        if found.kept:
            counted = ", ".join(f"{count} {kind.value}" for kind, count in found.counts.items())
            more = "; ..." if found.counts.total() > _TOLD else ""
            return failed(f"{store}: {counted}: {'; '.join(map(str, found.kept[:_TOLD]))}{more}")
        if unread := [other for other in _RESTS_ON[store] if not stores.is_read(other)]:
            return unknown(f"{store} has nothing to agree with: {unread[0]} could not be read")
        if not self._acknowledged:
            return unknown(f"{store}: nothing was granted that it could have lost")
        return passed(self._well(store))

    def _well(self, store: str) -> str:
        if store == REDIS:
            return f"{REDIS} agrees with Neo4j on {_counted(len(self._stores.contexts), 'context')}"
        if store == USAGE:
            return f"{USAGE} is the sum of the events for {_counted(len(self._stores.usage), 'tenant')}"
        return f"{store} agrees with {self._acknowledged} allocations"


def _may_mend(finding: Finding) -> bool:
    return finding.kind in _COME_LATER or finding.store in _MADE_OF_OTHERS


def _seen(store: str, name: str, rows: Rows, stores: Stores) -> Iterator[Any]:
    """All that the store holds of it."""
    if store == NEO4J and name in rows.neo4j:
        yield asdict(rows.neo4j[name])
    elif store == KAFKA:
        yield from map(asdict, rows.kafka.get(name, ()))
    elif store == TEMPORAL and name in rows.temporal:
        yield {"status": rows.temporal[name]}
    elif store == POOL and name in stores.pool.held:
        yield {"gpu_ids": list(stores.pool.held[name])}


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
