"""The life of an allocation on the running platform, its ends by time, by cancellation and by failure included."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from awaiting import wait_until
from books import api_url, page, read_books
from proxies import cut
from temporalio import activity
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.exceptions import ApplicationError
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, Worker

from chaos_aura.platform.allocation.orders import AllocationOrder, Recorded, RecordOrder, Taken
from chaos_aura.platform.allocation.workflow import GPUAllocationWorkflow
from chaos_aura.platform.model import (
    Allocation,
    AllocationRequest,
    DecidedBy,
    Decision,
    GpuType,
    Outcome,
    Quote,
    RefusalReason,
    State,
)
from chaos_aura.platform.pool.orders import ReleaseOrder
from chaos_aura.stack.running import RunningStack

_WITHIN_S = 60


def asked(stack: RunningStack, hours: float = 1.0) -> str:
    """The id of a granted request. It is repeated while nobody decides it in time, as on a busy machine."""
    request_id = f"life-{uuid.uuid4()}"
    body = {"request_id": request_id, "tenant": request_id, "gpu_type": "t4", "count": 1, "hours": hours}

    def is_granted() -> bool:
        told = httpx.post(f"{api_url(stack)}/allocations", json=body, timeout=_WITHIN_S)
        assert told.status_code in (200, 201, 202, 503), told.text
        return told.status_code in (200, 201)

    wait_until(is_granted, _WITHIN_S, f"{request_id} is granted")
    return request_id


def give_back(stack: RunningStack, request_id: str) -> None:
    """Told that it is over, it was an earlier try that nobody answered in time."""

    def is_over() -> bool:
        url = f"{api_url(stack)}/allocations/{request_id}"
        told = httpx.delete(url, headers={"X-Tenant": request_id}, timeout=_WITHIN_S)
        assert told.status_code in (200, 409, 503), told.text
        return told.status_code in (200, 409)

    wait_until(is_over, _WITHIN_S, f"{request_id} is given back")


def state_of(stack: RunningStack, request_id: str) -> tuple[str, str | None]:
    told = page(stack, f"/allocations/{request_id}")
    return told["state"], told["release_reason"]


def with_temporal[T](stack: RunningStack, use: Callable[[Client], Awaitable[T]]) -> T:
    async def run() -> T:
        return await use(await Client.connect(str(stack.catalogue.service("temporal").address)))

    return asyncio.run(run())


def assert_all_stores_tell_of_its_end(stack: RunningStack, request_id: str) -> None:
    def told() -> tuple[Any, ...]:
        books = read_books(stack, request_id, [request_id])
        stored = books.stored.get(request_id) or {}
        return stored.get("state"), books.kinds.get(request_id), books.holders.get(request_id)

    everything = ["requested", "decided", "granted", "released"]
    wait_until(lambda: told() == ("released", everything, None), _WITHIN_S, "released everywhere")


def test_a_hold_ends_by_itself(stack: RunningStack) -> None:
    request_id = asked(stack, hours=0.0005)
    wait_until(lambda: state_of(stack, request_id) == ("released", "hold ended"), _WITHIN_S, "released")
    assert_all_stores_tell_of_its_end(stack, request_id)


def test_a_cancelled_workflow_gives_back_and_puts_it_on_record(stack: RunningStack) -> None:
    request_id = asked(stack)
    with_temporal(stack, lambda client: client.get_workflow_handle(f"allocation-{request_id}").cancel())
    wait_until(lambda: state_of(stack, request_id) == ("released", "cancelled"), _WITHIN_S, "released")
    assert_all_stores_tell_of_its_end(stack, request_id)


def test_what_a_terminated_workflow_held_comes_back_and_is_put_on_record(stack: RunningStack) -> None:
    """It can do nothing itself any more: the workers notice."""
    request_id = asked(stack)
    wait_until(lambda: read_books(stack, request_id, [request_id]).stored.get(request_id), _WITHIN_S, "on record")
    with_temporal(stack, lambda client: client.get_workflow_handle(f"allocation-{request_id}").terminate())
    assert_all_stores_tell_of_its_end(stack, request_id)
    assert state_of(stack, request_id) == ("released", "its workflow was ended by force")


def test_kafka_hears_all_of_a_terminated_one_although_it_was_away(stack: RunningStack) -> None:
    with cut(stack, "worker.kafka"):
        request_id = asked(stack)
        wait_until(lambda: read_books(stack, request_id, [request_id]).stored.get(request_id), _WITHIN_S, "stored")
        with_temporal(stack, lambda client: client.get_workflow_handle(f"allocation-{request_id}").terminate())
        wait_until(lambda: is_looked_at(stack, request_id), _WITHIN_S, "a try while Kafka is away")
        assert read_books(stack, request_id, [request_id]).holders.get(request_id)
    assert_all_stores_tell_of_its_end(stack, request_id)


def is_looked_at(stack: RunningStack, request_id: str) -> bool:
    """A worker has tried to end it."""
    spans = (stack.project.home / "spans" / "worker.ndjson").read_text(encoding="utf-8").splitlines()
    return any(f'"{request_id}"' in line and '"end orphan"' in line for line in spans)


def test_its_history_can_be_replayed(stack: RunningStack) -> None:
    """So a worker that takes over from a killed one comes to the same state."""
    request_id = asked(stack)
    give_back(stack, request_id)

    async def history(client: Client) -> Any:
        handle = client.get_workflow_handle(f"allocation-{request_id}")
        await handle.result()
        return await handle.fetch_history()

    told = with_temporal(stack, history)
    replayer = Replayer(workflows=[GPUAllocationWorkflow], workflow_runner=UnsandboxedWorkflowRunner())
    asyncio.run(replayer.replay_workflow(told))


class Scripted:
    """Activities that fail at one place, for what no real fault reaches on purpose."""

    def __init__(self, fails_in: str) -> None:
        self._fails_in = fails_in
        self.given_back: list[ReleaseOrder] = []
        self.recorded: list[Allocation] = []
        self.order: list[str] = []

    @activity.defn
    async def decide(self, request: AllocationRequest) -> Decision:
        self._fail("decide")
        if self._fails_in == "the vote":
            return Decision(Outcome.REFUSED, DecidedBy.MAJORITY, "no", Quote(1, 1), 1, RefusalReason.COUNCIL_SAID_NO)
        return Decision(Outcome.APPROVED, DecidedBy.MAJORITY, "yes", Quote(1, 1), 1)

    @activity.defn
    async def take(self, request: AllocationRequest) -> Taken:
        self._fail("take")
        raise AssertionError("only failures are scripted")

    @activity.defn
    async def give_back(self, order: ReleaseOrder) -> int:
        self.given_back.append(order)
        self.order.append("give back")
        return 0

    @activity.defn
    async def record(self, order: RecordOrder) -> Recorded:
        self.recorded.append(order.allocation)
        self.order.append("record")
        return Recorded({})

    def _fail(self, place: str) -> None:
        if place == self._fails_in:
            raise ApplicationError("broken beyond repair", non_retryable=True)


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("decide", RefusalReason.FAILED),
        ("take", RefusalReason.FAILED),
        ("the vote", RefusalReason.COUNCIL_SAID_NO),
    ],
)
def test_what_is_not_granted_is_told_to_the_pool_first(stack: RunningStack, place: str, reason: RefusalReason) -> None:
    """The pool may have granted before the failure, or in an earlier attempt that a crash cut short."""
    scripted = Scripted(place)
    request = AllocationRequest(f"life-{uuid.uuid4()}", "tenant", GpuType.T4, 1, 1.0)

    async def use(client: Client) -> tuple[Allocation, WorkflowExecutionStatus | None]:
        async with Worker(
            client,
            task_queue=request.request_id,
            workflows=[GPUAllocationWorkflow],
            activities=[scripted.decide, scripted.take, scripted.give_back, scripted.record],
            workflow_runner=UnsandboxedWorkflowRunner(),
        ):
            handle = await client.start_workflow(
                GPUAllocationWorkflow.run,
                AllocationOrder(request, "caller"),
                id=f"scripted-{request.request_id}",
                task_queue=request.request_id,
            )
            return await handle.result(), (await handle.describe()).status

    ended, status = with_temporal(stack, use)
    assert (ended.state, ended.grant, status) == (State.REFUSED, None, WorkflowExecutionStatus.COMPLETED)
    assert ended.decision is not None
    assert ended.decision.reason is reason
    assert ("broken beyond repair" in ended.decision.detail) == (reason is RefusalReason.FAILED)
    # Temporal does again what has been done, but was not told in time: on a busy machine each may come twice.
    assert set(scripted.given_back) == {ReleaseOrder(request.request_id)}
    assert all(each == ended for each in scripted.recorded)
    assert list(dict.fromkeys(scripted.order)) == ["give back", "record"]
