"""Both halves of "exactly once" together: no GPU with two owners, and stores that hold what tenants were told."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from operator import attrgetter
from typing import Any

import orjson

from chaos_aura.core.operation import Operation
from chaos_aura.core.verdict import Judgement, unknown
from chaos_aura.judge.consistency.stores.agreement import Agreeing, Agreement
from chaos_aura.judge.consistency.stores.finding import Kind
from chaos_aura.judge.ownership import Hold, TwoOwners, certain_holds, no_gpu_had_two, overlapping
from chaos_aura.record.batches import Batch
from chaos_aura.record.buckets import Buckets, OneBucket
from chaos_aura.record.rows import Rows
from chaos_aura.record.stores import Stores

MEASURED = "measured"


@dataclass(frozen=True)
class ExactlyOnce:
    """`unread`: lines of the history that were torn: what was acknowledged in one may be lost, unnoticed."""

    agreement: Agreement
    two_owners: tuple[TwoOwners, ...]
    ownership: Judgement
    operations: int
    unread: int
    missing: dict[str, str]
    absent: tuple[str, ...] = ()

    @property
    def judgements(self) -> dict[str, Judgement]:
        """By what they judge."""
        judged = {"consistency": self.agreement.judgement, "ownership": self.ownership}
        if self.unread:
            torn = "1 line" if self.unread == 1 else f"{self.unread} lines"
            judged["history"] = unknown(f"{torn} of the history torn: what they told is not known")
        return judged

    def to_dict(self) -> dict[str, Any]:
        """`consistency` of result.json: each kind of finding by its name, and why a store could not be read; which
        stores the stack does not have."""
        kinds = {kind.value: [each.to_dict() for each in self.agreement.of(kind)] for kind in Kind}
        return {
            "state": MEASURED,
            "acknowledged": self.agreement.acknowledged,
            "counts": {kind.value: self.agreement.counts.get(kind, 0) for kind in Kind},
            **kinds,
            "two_owners": [each.to_dict() for each in self.two_owners],
            "missing": self.missing,
            "absent": list(self.absent),
        }


def exactly_once(operations: Iterable[Operation], rows: Rows, stores: Stores, tag: str) -> ExactlyOnce:
    """Of a run whose load has ended and whose stores have been read."""
    return exactly_once_of([Batch(tuple(operations), rows)], stores, tag, OneBucket())


def exactly_once_of(batches: Iterable[Batch], stores: Stores, tag: str, by_gpu: Buckets) -> ExactlyOnce:
    """Of a run of any length: of each batch only what is wrong is kept, and who held which GPU lies in the buckets."""
    agreeing, operations, unread = Agreeing(stores, tag), 0, 0
    for batch in batches:
        operations += len(batch.operations)
        unread += batch.unread
        agreeing.add(batch.operations, batch.rows)
        for hold in certain_holds(batch.operations):
            by_gpu.add(hold.gpu_id.encode(), orjson.dumps(asdict(hold), option=orjson.OPT_APPEND_NEWLINE))
    agreed = agreeing.done()
    found = [each for lines in by_gpu.each() for each in overlapping(Hold(**orjson.loads(line)) for line in lines)]
    two = tuple(sorted(found, key=attrgetter("since_ns", "gpu_id")))
    owned = no_gpu_had_two(two, agreed.acknowledged)
    return ExactlyOnce(agreed, two, owned, operations, unread, dict(stores.missing), stores.absent)
