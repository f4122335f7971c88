"""Decisions in Neo4j beside what tenants were told."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from chaos_aura.judge.consistency.stores.finding import Finding, Kind
from chaos_aura.judge.consistency.stores.phantoms import GRANTED, RELEASED, named, phantoms
from chaos_aura.judge.consistency.stores.told import Told
from chaos_aura.record.rows import NEO4J, Recorded

_APPROVED = "approved"


class HeldInNeo4j:
    """Told of some allocations after others. Also of those that no tenant was told of: that they are there, and hold
    something, is told by the store."""

    def __init__(self) -> None:
        self._holders: dict[str, list[str]] = defaultdict(list)

    def add(self, told: Told, recorded: Mapping[str, Recorded]) -> None:
        for name, row in recorded.items():
            if row.state == GRANTED and name not in told.may_be_released:
                for gpu_id in row.gpu_ids:
                    self._holders[gpu_id].append(name)

    def of_all(self) -> Iterator[Finding]:
        for gpu_id, holders in sorted(self._holders.items()):
            if len(holders) > 1:
                yield Finding(Kind.DOUBLED, NEO4J, "", f"says that {gpu_id} is held by {named(holders)}")


def of_neo4j(told: Told, recorded: Mapping[str, Recorded]) -> Iterator[Finding]:
    for name, gpus in told.granted.items():
        yield from _of_granted(name, gpus, recorded.get(name))
    for name in sorted(told.released & recorded.keys()):
        if recorded[name].state != RELEASED:
            yield Finding(Kind.LOST, NEO4J, name, f"was released, and Neo4j says {recorded[name].state}")
    for name, row in recorded.items():
        yield from _of_row(told, name, row)


def _of_granted(name: str, gpus: frozenset[str], row: Recorded | None) -> Iterator[Finding]:
    if row is None or not row.decisions:
        yield Finding(Kind.LOST, NEO4J, name, "was granted, and Neo4j has no decision of it")
    elif frozenset(row.gpu_ids) != gpus:
        yield Finding(Kind.DISAGREEING, NEO4J, name, f"got {named(gpus)}, and Neo4j says {named(row.gpu_ids)}")
    elif row.state not in (GRANTED, RELEASED) or row.outcome != _APPROVED:
        why = f"was granted, and Neo4j says {row.state or 'nothing'}, {row.outcome or 'not decided'}"
        yield Finding(Kind.DISAGREEING, NEO4J, name, why)


def _of_row(told: Told, name: str, row: Recorded) -> Iterator[Finding]:
    if row.decisions > 1:
        yield Finding(Kind.DOUBLED, NEO4J, name, f"has {row.decisions} decisions in Neo4j")
    if row.decisions and told.tenants.get(name, row.tenant) != row.tenant:
        why = f"was asked for by {told.tenants[name]}, and Neo4j says by {row.tenant or 'nobody'}"
        yield Finding(Kind.DISAGREEING, NEO4J, name, why)
    if row.state in (GRANTED, RELEASED):
        yield from phantoms(told, NEO4J, name, row.state)
    elif name not in told.asked:
        yield Finding(Kind.PHANTOM, NEO4J, name, "is in Neo4j, and nobody asked for it")
