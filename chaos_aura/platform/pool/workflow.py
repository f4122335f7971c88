"""The pool as a durable workflow: grants and releases are its Updates, one after another, so a GPU has one owner."""

from collections.abc import Iterator
from contextlib import contextmanager

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from chaos_aura.platform.errors import Refused
from chaos_aura.platform.model import Grant
from chaos_aura.platform.pool.inventory import Inventory
from chaos_aura.platform.pool.orders import GrantOrder, PoolState, ReleaseOrder
from chaos_aura.platform.reading import tell


@workflow.defn
class GPUPoolWorkflow:
    """No handler waits for anything, so each is one step: nothing can come between its check and its effect."""

    @workflow.init
    def __init__(self, state: PoolState) -> None:
        self._inventory = Inventory(state)
        self._history_limit = state.history_limit

    @workflow.run
    async def run(self, state: PoolState) -> None:
        await workflow.wait_condition(self._history_is_long)
        await workflow.wait_condition(workflow.all_handlers_finished)
        workflow.continue_as_new(self._inventory.state())

    @workflow.update
    async def grant(self, order: GrantOrder) -> Grant:
        with _refusals_told():
            return self._inventory.grant(order)

    @grant.validator
    def _refuse_grant(self, order: GrantOrder) -> None:
        """What is refused here leaves no trace in the history."""
        with _refusals_told():
            self._inventory.refuse_grant(order)

    @workflow.update
    async def release(self, order: ReleaseOrder) -> int:
        with _refusals_told():
            return self._inventory.release(order)

    @release.validator
    def _refuse_release(self, order: ReleaseOrder) -> None:
        with _refusals_told():
            self._inventory.refuse_release(order)

    @workflow.update
    async def availability(self) -> None: ...

    @availability.validator
    def _tell_availability(self) -> None:
        tell(self._inventory.availability())

    @workflow.update
    async def view(self) -> None: ...

    @view.validator
    def _tell_view(self) -> None:
        tell(self._inventory.view())

    def _history_is_long(self) -> bool:
        return workflow.info().get_current_history_length() >= self._history_limit


@contextmanager
def _refusals_told() -> Iterator[None]:
    """As Temporal carries them to the caller, who does not try again."""
    try:
        yield
    except Refused as refused:
        raise ApplicationError(refused.why, type=refused.reason, non_retryable=True) from None
