"""The life of one allocation: decide, take the GPUs, answer, record, hold, give back, record."""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError, FailureError, is_cancelled_exception

from chaos_aura.platform.allocation.activities import Activities
from chaos_aura.platform.allocation.orders import AllocationOrder, Answer, Stage
from chaos_aura.platform.allocation.recording import Recording
from chaos_aura.platform.allocation.story import Story, refused
from chaos_aura.platform.model import Allocation, Decision, Grant, RefusalReason, State
from chaos_aura.platform.pool.orders import ReleaseOrder
from chaos_aura.platform.reading import tell

_AGAIN = RetryPolicy(
    initial_interval=timedelta(milliseconds=100), backoff_coefficient=2, maximum_interval=timedelta(seconds=2)
)
_DECIDE_WITHIN = timedelta(seconds=5)
_POOL_WITHIN = timedelta(seconds=4)
_GIVES_UP_AFTER = timedelta(seconds=60)  # with the GPUs it may have taken given back


@workflow.defn
class GPUAllocationWorkflow:
    @workflow.init
    def __init__(self, order: AllocationOrder) -> None:
        self._caller = order.caller
        self._story = Story.begun(order.request, workflow.now())
        self._recording = Recording()
        self._release_asked = False

    @workflow.run
    async def run(self, order: AllocationOrder) -> Allocation:
        """Ends only when every store has been told everything, however long that takes."""
        try:
            await self._decide_and_take()
            self._recording.tell(self._story.allocation, Stage.DECIDED)
            await self._hold()
        except (asyncio.CancelledError, FailureError) as ended:
            await self._undo(ended)
        self._recording.tell(self._story.allocation, Stage.ENDED)
        await self._until_all_is_written()
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._story.allocation

    @workflow.update
    async def answer(self, caller: str) -> Answer:
        """Waits until there is one."""
        await workflow.wait_condition(lambda: self._story.state is not State.PENDING)
        return Answer(self._story.allocation, created=caller == self._caller)

    @workflow.update
    async def release(self, tenant: str) -> Allocation:
        """Of a pending one: as soon as it has been granted. Repeated meanwhile, it waits for the same end."""
        self._release_asked = True
        await workflow.wait_condition(lambda: self._story.state in (State.RELEASED, State.REFUSED))
        return self._story.allocation

    @release.validator
    def _refuse_release(self, tenant: str) -> None:
        if tenant != self._story.allocation.request.tenant:
            raise ApplicationError("it belongs to another tenant", type="not_yours", non_retryable=True)
        if self._story.state is State.REFUSED:
            raise ApplicationError("it was refused: it holds nothing", type="was_refused", non_retryable=True)
        if self._story.state is State.RELEASED:
            raise ApplicationError("it has been released already", type="already_released", non_retryable=True)

    @workflow.update
    async def allocation(self) -> None: ...

    @allocation.validator
    def _tell_allocation(self) -> None:
        tell(self._story.allocation)

    @workflow.update
    async def unwritten(self) -> None:
        """What each store has not been told yet."""

    @unwritten.validator
    def _tell_unwritten(self) -> None:
        tell(self._recording.unwritten())

    async def _until_all_is_written(self) -> None:
        """Also when somebody cancels it: what the tenant was told has to be on record."""
        while self._recording.is_writing:
            try:
                await workflow.wait_condition(lambda: not self._recording.is_writing)
            except asyncio.CancelledError:
                continue

    async def _decide_and_take(self) -> None:
        decision = await workflow.execute_local_activity_method(
            Activities.decide,
            self._story.allocation.request,
            start_to_close_timeout=_DECIDE_WITHIN,
            schedule_to_close_timeout=_GIVES_UP_AFTER,
            retry_policy=_AGAIN,
        )
        if decision.reason is not None:
            await self._refuse(decision)
        elif self._release_asked:
            await self._refuse(refused(decision, RefusalReason.CANCELLED, "given back before it was granted"))
        else:
            await self._take(decision)

    async def _take(self, decision: Decision) -> None:
        taken = await workflow.execute_local_activity_method(
            Activities.take,
            self._story.allocation.request,
            start_to_close_timeout=_POOL_WITHIN,
            schedule_to_close_timeout=_GIVES_UP_AFTER,
            retry_policy=_AGAIN,
        )
        if taken.grant is None:
            await self._refuse(refused(decision, taken.reason, taken.refused))
        else:
            self._story.decide(decision)
            self._story.grant(taken.grant, workflow.now())

    async def _refuse(self, decision: Decision) -> None:
        """Only when the pool knows: an attempt that a crash cut short may have gone the other way, and taken."""
        if decision.reason is not RefusalReason.OVER_BUDGET:
            await self._give_back(None)
        self._story.decide(decision)

    async def _hold(self) -> None:
        """Until it is asked back or its time is over."""
        if self._story.state is not State.GRANTED:
            return
        try:
            await workflow.wait_condition(lambda: self._release_asked, timeout=self._story.rest_of_hold(workflow.now()))
            why = "asked"
        except TimeoutError:
            why = "hold ended"
            self._release_asked = True
        await self._give_back(self._story.allocation.grant)
        self._story.release(why, workflow.now())

    async def _undo(self, ended: BaseException) -> None:
        """Cancelled from outside or failed, at any point: whatever it holds goes back, also what it may not know of."""
        if self._story.state not in (State.PENDING, State.GRANTED):
            return
        self._release_asked = True
        await self._give_back(self._story.allocation.grant)
        if is_cancelled_exception(ended):
            self._story.end(RefusalReason.CANCELLED, "cancelled", workflow.now())
        else:
            self._story.end(RefusalReason.FAILED, str(ended.__cause__ or ended), workflow.now())

    async def _give_back(self, grant: Grant | None) -> None:
        await workflow.execute_local_activity_method(
            Activities.give_back,
            ReleaseOrder(self._story.allocation.allocation_id, grant.fencing_token if grant else None),
            start_to_close_timeout=_POOL_WITHIN,
            retry_policy=_AGAIN,
        )
