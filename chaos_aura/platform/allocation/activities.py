"""What a workflow has done for it. Thin: each is one call of something that is given."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory, TemporalError

from chaos_aura.platform.allocation.orders import Recorded, RecordOrder, Taken
from chaos_aura.platform.errors import DependencyFailed, Refused
from chaos_aura.platform.model import AllocationRequest, Decision, RefusalReason
from chaos_aura.platform.observe.logs import bound
from chaos_aura.platform.observe.spans import step
from chaos_aura.platform.pool.orders import GrantOrder, PoolRefusal, ReleaseOrder

if TYPE_CHECKING:  # their clients are heavy, and the workflow needs only the names of the methods here
    from chaos_aura.platform.allocation.deciding import Deciding
    from chaos_aura.platform.allocation.recorder import Recorder
    from chaos_aura.platform.pool.client import PoolClient


class Activities:
    def __init__(self, deciding: "Deciding", pool: "PoolClient", recorder: "Recorder") -> None:
        self._deciding = deciding
        self._pool = pool
        self._recorder = recorder

    @activity.defn
    async def decide(self, request: AllocationRequest) -> Decision:
        with bound(request.request_id), _tried_again():
            return await self._deciding.decide(request)

    @activity.defn
    async def take(self, request: AllocationRequest) -> Taken:
        order = GrantOrder(request.request_id, request.tenant, request.gpu_type, request.count)
        with (
            bound(request.request_id),
            _tried_again(),
            step("take GPUs", "pool", gpu_type=request.gpu_type.value, count=request.count) as taking,
        ):
            try:
                grant = await self._pool.grant(order)
            except Refused as refused:
                taking.output(refused=refused.reason)
                return Taken(refused=refused.why, reason=_reason_of(refused))
            taking.output(gpu_ids=grant.gpu_ids, fencing_token=grant.fencing_token)
            return Taken(grant)

    @activity.defn
    async def give_back(self, order: ReleaseOrder) -> int:
        with (
            bound(order.allocation_id),
            _tried_again(),
            step("give GPUs back", "pool", token=order.fencing_token) as giving,
        ):
            returned = await self._pool.release(order)
            giving.output(returned=returned)
            return returned

    @activity.defn
    async def record(self, order: RecordOrder) -> Recorded:
        """Never fails for a store: tells which could not be written."""
        with bound(order.allocation.allocation_id):
            return await self._recorder.record(order)

    @activity.defn
    async def record_one(self, order: RecordOrder) -> None:
        with bound(order.allocation.allocation_id), _tried_again():
            await self._recorder.record_patiently(order)


@contextmanager
def _tried_again() -> Iterator[None]:
    """Expected while the pool or a store is away: Temporal tries again.

    Nobody is told the traceback. Hundreds may wait, and a worker that writes one for each has no time left for the pool
    that they wait for.
    """
    try:
        yield
    except ApplicationError:
        raise
    except (DependencyFailed, TemporalError) as failed:
        raise ApplicationError(
            str(failed), type=type(failed).__name__, category=ApplicationErrorCategory.BENIGN
        ) from None


def _reason_of(refused: Refused) -> RefusalReason:
    return RefusalReason.NO_CAPACITY if refused.reason == PoolRefusal.NO_CAPACITY else RefusalReason.CANCELLED
