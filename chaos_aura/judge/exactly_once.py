"""Both halves of "exactly once" together: no GPU with two owners, and stores that hold what tenants were told."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chaos_aura.core.operation import Operation
from chaos_aura.core.verdict import Judgement
from chaos_aura.judge.agreement import Agreement, Kind, agreement
from chaos_aura.judge.ownership import TwoOwners, no_gpu_had_two, two_owners
from chaos_aura.record.stores import Stores

MEASURED = "measured"


@dataclass(frozen=True)
class ExactlyOnce:
    agreement: Agreement
    two_owners: tuple[TwoOwners, ...]
    ownership: Judgement
    missing: dict[str, str]
    absent: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """`consistency` of result.json: each kind of finding by its name, and why a store could not be read; which
        stores the stack does not have."""
        kinds = {kind.value: [each.to_dict() for each in self.agreement.of(kind)] for kind in Kind}
        return {
            "state": MEASURED,
            "acknowledged": self.agreement.acknowledged,
            **kinds,
            "two_owners": [each.to_dict() for each in self.two_owners],
            "missing": self.missing,
            "absent": list(self.absent),
        }


def exactly_once(operations: Sequence[Operation], stores: Stores, tag: str) -> ExactlyOnce:
    """Of a run whose load has ended and whose stores have been read."""
    agreed = agreement(operations, stores, tag)
    found = two_owners(operations)
    return ExactlyOnce(agreed, found, no_gpu_had_two(found, agreed.acknowledged), dict(stores.missing), stores.absent)
