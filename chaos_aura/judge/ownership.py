"""GPUs that two allocations certainly held at once.

A hold is certain from when its allocation had been acknowledged until the first release that may have given it back was
sent: one that succeeded, or of which nobody knows. A release that failed ended nothing. With none it lasts to the end.
Where nobody had sent one and it was over already, its hours were: until when it was held for certain, nobody knows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from chaos_aura.core.operation import ALLOCATE, RELEASE, Operation, Outcome
from chaos_aura.core.verdict import Judgement, failed, passed, unknown

_NS = 1e9
_TOLD = 3
_ALREADY = "already_released"


@dataclass(frozen=True, slots=True)
class Hold:
    """`until_ns` is None when it was never given back."""

    gpu_id: str
    allocation: str
    from_ns: int
    until_ns: int | None


@dataclass(frozen=True, slots=True)
class TwoOwners:
    """`since_ns` to `until_ns` both held it; None when neither gave it back."""

    gpu_id: str
    first: Hold
    second: Hold

    @property
    def since_ns(self) -> int:
        return self.second.from_ns

    @property
    def until_ns(self) -> int | None:
        ends_ns = [each.until_ns for each in (self.first, self.second) if each.until_ns is not None]
        return min(ends_ns, default=None)

    def __str__(self) -> str:
        lasted = "to the end" if self.until_ns is None else f"for {(self.until_ns - self.since_ns) / _NS:.3f} s"
        return f"{self.gpu_id} was held by {self.first.allocation} and {self.second.allocation} {lasted}"

    def to_dict(self) -> dict[str, Any]:
        return {
            "gpu_id": self.gpu_id,
            "allocations": [self.first.allocation, self.second.allocation],
            "since_ns": self.since_ns,
            "until_ns": self.until_ns,
        }


def certain_holds(operations: Iterable[Operation]) -> list[Hold]:
    """Several tries of one request are one allocation, which holds what any of them was told."""
    granted_ns: dict[tuple[str, str], int] = {}
    until_ns: dict[str, int] = {}
    for each in operations:
        if each.what == ALLOCATE and each.outcome is Outcome.OK and each.ended_ns is not None:
            for gpu_id in each.gpu_ids:
                hold = (gpu_id, each.request_id)
                granted_ns[hold] = min(each.ended_ns, granted_ns.get(hold, each.ended_ns))
        elif each.what == RELEASE and each.outcome is not Outcome.FAIL:
            until_ns[each.request_id] = min(each.invoked_ns, until_ns.get(each.request_id, each.invoked_ns))
        elif each.what == RELEASE and each.why == _ALREADY:
            until_ns.setdefault(each.request_id, 0)
    holds = (Hold(gpu, name, at_ns, until_ns.get(name)) for (gpu, name), at_ns in granted_ns.items())
    return [each for each in holds if each.until_ns is None or each.until_ns > each.from_ns]


def two_owners(operations: Iterable[Operation]) -> tuple[TwoOwners, ...]:
    """One for each hold that began while another went on, in the order of time."""
    return overlapping(certain_holds(operations))


def overlapping(holds: Iterable[Hold]) -> tuple[TwoOwners, ...]:
    """All holds of a GPU have to be among them."""
    found: list[TwoOwners] = []
    longest: dict[str, Hold] = {}
    for hold in sorted(holds, key=attrgetter("from_ns", "gpu_id", "allocation")):
        before = longest.get(hold.gpu_id)
        if before is not None and (before.until_ns is None or hold.from_ns < before.until_ns):
            found.append(TwoOwners(hold.gpu_id, before, hold))
        if before is None or _ends_later(hold, before):
            longest[hold.gpu_id] = hold
    return tuple(found)


def no_gpu_had_two(found: Sequence[TwoOwners], acknowledged: int) -> Judgement:
    """UNKNOWN when nothing was granted: nobody can have been given another's GPU."""
    if found:
        more = f" and {len(found) - _TOLD} more" if len(found) > _TOLD else ""
        return failed("a GPU had two owners: " + "; ".join(map(str, found[:_TOLD])) + more)
    if not acknowledged:
        return unknown("nothing was granted, so nothing is known of owners")
    return passed(f"no GPU had two owners, of {acknowledged} allocations")


def _ends_later(hold: Hold, other: Hold) -> bool:
    if other.until_ns is None:
        return False
    return hold.until_ns is None or hold.until_ns > other.until_ns
