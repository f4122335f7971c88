"""Whether the stores hold what tenants were told: nothing acknowledged is lost, nothing is there twice or unasked for.

Of an operation that nobody knows the end of, a store may hold everything or nothing: it is never counted as lost, nor
as phantom. A store that could not be read is UNKNOWN; one that the stack does not have is asked for nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from chaos_aura.core.operation import ALLOCATE, RELEASE, Operation, Outcome
from chaos_aura.core.verdict import Judgement, failed, passed, together, unknown
from chaos_aura.record.stores import KAFKA, NEO4J, POOL, Pool, Recorded, Stores

GRANTED, RELEASED = "granted", "released"
_TOLD = 3


class Kind(StrEnum):
    LOST = "lost"  # acknowledged, and not there
    DOUBLED = "doubled"  # two where one may be
    DISAGREEING = "disagreeing"  # there, and otherwise than acknowledged
    PHANTOM = "phantom"  # there, and never asked for
    LEAKED = "leaked"  # held by nobody who could give it back


@dataclass(frozen=True, slots=True)
class Finding:
    """`Finding(Kind.LOST, "neo4j", "01kb7q9x3m-17", "was granted, and Neo4j has no decision of it")`"""

    kind: Kind
    store: str
    allocation: str
    told: str

    def __str__(self) -> str:
        return f"{self.allocation or self.store} {self.told}"

    def to_dict(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True)
class Agreement:
    """`acknowledged`: allocations that were granted, whatever became of them."""

    acknowledged: int
    findings: tuple[Finding, ...]
    judgement: Judgement

    def of(self, kind: Kind) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if each.kind is kind)


def agreement(operations: Iterable[Operation], stores: Stores, tag: str) -> Agreement:
    """Of a run whose load has ended. What begins with `tag` belongs to it; what else the pool holds is others'."""
    told = Told(operations)
    by_store: Mapping[str, Callable[[], Iterator[Finding]]] = {
        POOL: lambda: _of_pool(told, stores.pool, tag),
        NEO4J: lambda: _of_neo4j(told, stores.neo4j),
        KAFKA: lambda: _of_kafka(told, stores.kafka),
    }
    there = [name for name in by_store if name not in stores.absent]
    found = {name: tuple(by_store[name]()) for name in there if name not in stores.missing}
    judged = [_judged(name, found.get(name), stores.missing.get(name, ""), len(told.granted)) for name in there]
    left_out = [passed(f"{name} is no part of this stack: not asked") for name in by_store if name in stores.absent]
    findings = tuple(each for some in found.values() for each in some)
    return Agreement(len(told.granted), findings, together([*judged, *left_out]) if judged else together([]))


def _judged(store: str, findings: Sequence[Finding] | None, missing: str, acknowledged: int) -> Judgement:
    if findings is None:
        return unknown(f"{store} could not be read: {missing}")
    if findings:
        kinds = Counter(each.kind.value for each in findings)
        counted = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        more = "; ..." if len(findings) > _TOLD else ""
        return failed(f"{store}: {counted}: {'; '.join(map(str, findings[:_TOLD]))}{more}")
    if not acknowledged:
        return unknown(f"{store}: nothing was granted that it could have lost")
    return passed(f"{store} agrees with {acknowledged} allocations")


class Told:
    """What tenants asked for and were told, by request. Several tries of one are one."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self.granted: dict[str, frozenset[str]] = {}
        self.released: set[str] = set()
        self.may_be_granted: set[str] = set()
        self.may_be_released: set[str] = set()
        self.asked: set[str] = set()
        for each in operations:
            if each.what == ALLOCATE:
                self._allocation(each)
            elif each.what == RELEASE and each.outcome is not Outcome.FAIL:
                self.may_be_released.add(each.request_id)
                if each.outcome is Outcome.OK:
                    self.released.add(each.request_id)

    @property
    def kept(self) -> Iterator[tuple[str, frozenset[str]]]:
        """What was granted and certainly not given back."""
        return ((name, gpus) for name, gpus in self.granted.items() if name not in self.may_be_released)

    def _allocation(self, each: Operation) -> None:
        self.asked.add(each.request_id)
        if each.outcome is not Outcome.FAIL:
            self.may_be_granted.add(each.request_id)
        if each.outcome is Outcome.OK:
            self.granted[each.request_id] = self.granted.get(each.request_id, frozenset()) | frozenset(each.gpu_ids)


def _of_neo4j(told: Told, recorded: Mapping[str, Recorded]) -> Iterator[Finding]:
    for name, gpus in told.granted.items():
        row = recorded.get(name)
        if row is None or not row.decisions:
            yield Finding(Kind.LOST, NEO4J, name, "was granted, and Neo4j has no decision of it")
        elif frozenset(row.gpu_ids) != gpus:
            yield Finding(Kind.DISAGREEING, NEO4J, name, f"got {_named(gpus)}, and Neo4j says {_named(row.gpu_ids)}")
    for name in sorted(told.released & recorded.keys()):
        if recorded[name].state != RELEASED:
            yield Finding(Kind.LOST, NEO4J, name, f"was released, and Neo4j says {recorded[name].state}")
    for name, row in recorded.items():
        if row.decisions > 1:
            yield Finding(Kind.DOUBLED, NEO4J, name, f"has {row.decisions} decisions in Neo4j")
        if row.state in (GRANTED, RELEASED):
            yield from _phantoms(told, NEO4J, name, row.state)
        elif name not in told.asked:
            yield Finding(Kind.PHANTOM, NEO4J, name, "is in Neo4j, and nobody asked for it")


def _of_kafka(told: Told, events: Mapping[str, Mapping[str, Sequence[str]]]) -> Iterator[Finding]:
    for kind, acknowledged in ((GRANTED, told.granted.keys()), (RELEASED, told.released)):
        for name in acknowledged:
            if not events.get(name, {}).get(kind):
                yield Finding(Kind.LOST, KAFKA, name, f"was {kind}, and Kafka has no event of it")
    for name, kinds in events.items():
        for kind, ids in kinds.items():
            if len(set(ids)) > 1:  # the same one again is legal: at least once
                yield Finding(Kind.DOUBLED, KAFKA, name, f"has {len(set(ids))} events `{kind}`: {_named(ids)}")
            if kind in (GRANTED, RELEASED) and ids:
                yield from _phantoms(told, KAFKA, name, kind)
        if name not in told.asked and not kinds.keys() & {GRANTED, RELEASED}:
            yield Finding(Kind.PHANTOM, KAFKA, name, "is in Kafka, and nobody asked for it")


def _phantoms(told: Told, store: str, name: str, kind: str) -> Iterator[Finding]:
    if name not in told.asked:
        yield Finding(Kind.PHANTOM, store, name, f"is {kind} in {store}, and nobody asked for it")
    elif name not in told.may_be_granted:
        yield Finding(Kind.PHANTOM, store, name, f"is {kind} in {store}, and was refused to its tenant")
    elif kind == RELEASED and name not in told.may_be_released:
        yield Finding(Kind.PHANTOM, store, name, f"is released in {store}, and nobody gave it back")


def _of_pool(told: Told, pool: Pool, tag: str) -> Iterator[Finding]:
    yield from _unbalanced(pool)
    for name, gpus in told.kept:
        if name not in pool.held:
            yield Finding(Kind.LOST, POOL, name, "was granted and not given back, and the pool says it holds nothing")
        elif frozenset(pool.held[name]) != gpus:
            held = _named(pool.held[name])
            yield Finding(Kind.DISAGREEING, POOL, name, f"got {_named(gpus)}, and the pool says {held}")
    for name in pool.held:
        if name in told.released:
            yield Finding(
                Kind.LEAKED, POOL, name, f"was given back, and the pool still holds {_named(pool.held[name])}"
            )
        elif name.startswith(tag) and name not in told.may_be_granted:
            yield Finding(Kind.PHANTOM, POOL, name, f"holds {_named(pool.held[name])}, and was never granted")
    for gpu_id, count in Counter(gpu for gpus in pool.held.values() for gpu in gpus).items():
        if count > 1:
            owners = sorted(name for name, gpus in pool.held.items() if gpu_id in gpus)
            yield Finding(Kind.DOUBLED, POOL, "", f"says that {gpu_id} is held by {_named(owners)}")


def _unbalanced(pool: Pool) -> Iterator[Finding]:
    held = Counter(type_of(gpu_id) for gpus in pool.held.values() for gpu_id in gpus)
    for name in sorted({*pool.total, *pool.free, *held}):
        total, free = pool.total.get(name, 0), pool.free.get(name, 0)
        if total != free + held[name]:
            yield Finding(Kind.LEAKED, POOL, "", f"has {total} {name}, of which {free} are free and {held[name]} held")


def type_of(gpu_id: str) -> str:
    """`a100` of `a100-3`"""
    return gpu_id.rpartition("-")[0]


def _named(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
