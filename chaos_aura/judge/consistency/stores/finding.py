"""What is wrong between the history and a store, with what shows it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from chaos_aura.core.operation import Operation

MOST_KEPT = 1000  # of each kind; all are counted


class Kind(StrEnum):
    LOST = "lost"  # acknowledged, and not there
    DOUBLED = "doubled"  # two where one may be
    DISAGREEING = "disagreeing"  # there, and otherwise than acknowledged, or than in another store
    PHANTOM = "phantom"  # there, and never asked for
    REORDERED = "reordered"  # there, in an order in which it cannot have happened
    LEAKED = "leaked"  # held by nobody who could give it back


@dataclass(frozen=True, slots=True)
class Finding:
    """`Finding(Kind.LOST, "neo4j", "01kb7q9x3m-17", "was granted, and Neo4j has no decision of it")`

    `operations`: what its tenant did, `seen`: what the store holds of it.
    """

    kind: Kind
    store: str
    allocation: str
    told: str
    operations: tuple[Operation, ...] = ()
    seen: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return f"{self.allocation or self.store} {self.told}"

    def with_evidence(self, operations: Sequence[Operation], seen: Sequence[Any]) -> "Finding":
        return replace(self, operations=tuple(operations), seen=tuple(seen))

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind.value,
            "store": self.store,
            "allocation": self.allocation,
            "told": self.told,
            "operations": [_told(each) for each in self.operations],
            "seen": list(self.seen),
        }


@dataclass
class Findings:
    """Of one store."""

    kept: list[Finding] = field(default_factory=list)
    counts: Counter[Kind] = field(default_factory=Counter)

    def add(self, found: Iterable[Finding]) -> None:
        for each in found:
            self.counts[each.kind] += 1
            if self.counts[each.kind] <= MOST_KEPT:
                self.kept.append(each)


def _told(each: Operation) -> Mapping[str, Any]:
    return {
        "op": each.id,
        "what": each.what,
        "by": each.by,
        "outcome": each.outcome.value if each.outcome else None,
        "invoked_ns": each.invoked_ns,
        "ended_ns": each.ended_ns,
    }
