"""How an allocation's story gets into the stores: side by side in one go, and each on its own where that fails."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy

from chaos_aura.platform.allocation.activities import Activities
from chaos_aura.platform.allocation.orders import ALL_STORES, RecordOrder, Stage, Store
from chaos_aura.platform.model import Allocation

_WITHIN = timedelta(seconds=5)
# More than the recorder's patience, a call and its turn: what is written, but told too late, would be written again.
ALONE_WITHIN = timedelta(seconds=20)
# An attempt waits for its store itself. Between two attempts nobody does, and the store may come back just then.
_UNTIL_DONE = RetryPolicy(
    initial_interval=timedelta(milliseconds=500), backoff_coefficient=2, maximum_interval=timedelta(seconds=2)
)


class Recording:
    """One writer at a time for each store, so that a store hears of an allocation in order."""

    def __init__(self) -> None:
        self._allocation: Allocation | None = None
        self._due = Stage.NOTHING
        self._written = dict.fromkeys(ALL_STORES, Stage.NOTHING)
        self._writers: set[asyncio.Task[None]] = set()
        self._busy: set[Store] = set()

    def tell(self, allocation: Allocation, stage: Stage) -> None:
        """Returns at once."""
        if stage is Stage.ENDED and allocation.released_at_ms is None:
            stage = Stage.DECIDED  # a refusal has been told whole with the decision
        if stage > self._due:
            self._allocation, self._due = allocation, stage
            self._write_what_is_due()

    @property
    def is_writing(self) -> bool:
        return bool(self._writers)

    def unwritten(self) -> dict[str, str]:
        return {store.value: self._due.name.lower() for store, written in self._written.items() if written < self._due}

    def _write_what_is_due(self) -> None:
        """Together for all stores that nobody writes just now and that have been told the same so far."""
        behind = [store for store in ALL_STORES if store not in self._busy and self._written[store] < self._due]
        for written in sorted({self._written[store] for store in behind}):
            stores = tuple(each for each in behind if self._written[each] is written)
            self._busy.update(stores)
            self._start(self._write_together(stores, written))

    def _start(self, writing: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(writing)
        self._writers.add(task)
        task.add_done_callback(self._writers.discard)

    async def _write_together(self, stores: tuple[Store, ...], written: Stage) -> None:
        due = self._due
        done = await workflow.execute_activity_method(
            Activities.record,
            RecordOrder(self._told(), stores, written),
            start_to_close_timeout=_WITHIN,
            retry_policy=_UNTIL_DONE,
        )
        for store in stores:
            if store in done.failed:
                self._start(self._write_alone(store))
            else:
                self._written[store] = due
                self._busy.discard(store)
        self._write_what_is_due()

    async def _write_alone(self, store: Store) -> None:
        while self._written[store] < self._due:
            due = self._due
            await workflow.execute_activity_method(
                Activities.record_one,
                RecordOrder(self._told(), (store,), self._written[store]),
                start_to_close_timeout=ALONE_WITHIN,
                retry_policy=_UNTIL_DONE,
            )
            self._written[store] = due
        self._busy.discard(store)

    def _told(self) -> Allocation:
        if self._allocation is None:
            raise AssertionError("nothing has been told yet")
        return self._allocation
