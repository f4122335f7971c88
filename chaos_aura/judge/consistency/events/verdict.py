"""What is said of a log of events: what is wrong, with the fewest records that show it, and what is worth a note."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from chaos_aura.judge.consistency.verdict import Validity

MOST_KEPT = 1000  # of each kind; all are counted


class Wrong(StrEnum):
    UNREADABLE = "unreadable"
    WRONG_KEY = "wrong_key"
    TWO_PARTITIONS = "two_partitions"
    WRONG_ID = "wrong_id"
    TWO_IDS = "two_ids"
    INCOMPLETE = "incomplete"
    TWO_ENDS = "two_ends"
    OUT_OF_ORDER = "out_of_order"


@dataclass(frozen=True, slots=True)
class Place:
    """One record. Sample: (2, 1841, "r-1:allocation.granted", 1795266629922)

    Id and time are None of what nobody can read.
    """

    partition: int
    offset: int
    event_id: str | None = None
    at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Violation:
    """Sample: (OUT_OF_ORDER, "r-1", "allocation.granted stands before allocation.decided", two places)"""

    kind: Wrong
    allocation: str
    told: str
    evidence: tuple[Place, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind.value,
            "allocation": self.allocation,
            "told": self.told,
            "evidence": [asdict(each) for each in self.evidence],
        }


@dataclass
class Found:
    """While it is looked for."""

    counts: Counter[Wrong] = field(default_factory=Counter)
    kept: list[Violation] = field(default_factory=list)

    def add(self, kind: Wrong, allocation: str, told: str, *evidence: Place) -> None:
        self.counts[kind] += 1
        if self.counts[kind] <= MOST_KEPT:
            self.kept.append(Violation(kind, allocation, told, evidence))


@dataclass(frozen=True)
class Judged:
    """`records`: those of the allocations that are meant. `partitions`: of each, how many, of how many allocations."""

    validity: Validity
    records: int
    events: int
    allocations: int
    duplicates: int
    unfinished: int
    partitions: dict[int, tuple[int, int]]
    counts: dict[Wrong, int]
    violations: Sequence[Violation]
    reasons: Sequence[str]
    notes: Sequence[str]

    def to_dict(self) -> dict[str, Any]:
        """Fields are only ever added."""
        return {
            "validity": self.validity.value,
            "records": self.records,
            "events": self.events,
            "allocations": self.allocations,
            "duplicates": self.duplicates,
            "unfinished": self.unfinished,
            "partitions": {
                str(each): {"records": records, "allocations": allocations}
                for each, (records, allocations) in self.partitions.items()
            },
            "counts": {kind.value: self.counts.get(kind, 0) for kind in Wrong},
            "violations": [each.to_dict() for each in self.violations],
            "reasons": list(self.reasons),
            "notes": list(self.notes),
        }
