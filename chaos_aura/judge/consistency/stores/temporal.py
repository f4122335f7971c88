"""Workflows in Temporal beside what tenants were told."""

from collections.abc import Iterator, Mapping

from chaos_aura.judge.consistency.stores.finding import Finding, Kind
from chaos_aura.judge.consistency.stores.told import Told
from chaos_aura.record.rows import TEMPORAL

_RUNNING, _COMPLETED = "running", "completed"


def of_temporal(told: Told, statuses: Mapping[str, str], *, may_write: bool = False) -> Iterator[Finding]:
    """`may_write`: a store is away, and a workflow rightly goes on until it has been told everything."""
    for name in told.granted:
        status = statuses.get(name)
        if status is None:
            yield Finding(Kind.LOST, TEMPORAL, name, "was granted, and Temporal has no workflow of it")
        elif status not in (_RUNNING, _COMPLETED):
            yield Finding(Kind.DISAGREEING, TEMPORAL, name, f"was granted, and its workflow is {status}")
        elif status == _COMPLETED and name not in told.may_be_released:
            yield Finding(Kind.DISAGREEING, TEMPORAL, name, "was not given back, and its workflow has ended")
        elif status == _RUNNING and name in told.released and not may_write:
            yield Finding(Kind.DISAGREEING, TEMPORAL, name, "was released, and its workflow has not ended")
    for name in statuses.keys() - told.asked:
        yield Finding(Kind.PHANTOM, TEMPORAL, name, "has a workflow, and nobody asked for it")
