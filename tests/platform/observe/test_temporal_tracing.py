"""One request's trace through a real Temporal: client, workflow, local activity, another workflow's Update."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from observed import spans_of
from temporalio.client import Client, WithStartWorkflowOperation, WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner
from traced_workflows import Errand, Shelf, worker_of

from chaos_aura.platform.observe import Observer
from chaos_aura.platform.observe.logs import bound
from chaos_aura.platform.observe.spans import step
from chaos_aura.platform.observe.temporal import Tracing, core_runtime
from chaos_aura.stack.running import RunningStack


@dataclass
class Place:
    client: Client
    queue: str
    shelf: str

    async def run(self, request_id: str) -> str:
        """As the API does it: one call starts the workflow and waits for its answer."""
        with bound(request_id), step("POST", "api"):
            start = WithStartWorkflowOperation(
                Errand.run,
                request_id,
                id=f"errand-{request_id}",
                task_queue=self.queue,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            )
            answer = await self.client.execute_update_with_start_workflow(Errand.answer, start_workflow_operation=start)
        await self.client.get_workflow_handle(f"errand-{request_id}").result()
        return str(answer)


@asynccontextmanager
async def placed(stack: RunningStack) -> AsyncIterator[Place]:
    address = str(stack.catalogue.service("temporal").address)
    client = await Client.connect(address, interceptors=[Tracing()], runtime=core_runtime())
    queue = f"queue-{uuid.uuid4()}"
    place = Place(client, queue, f"shelf-{queue}")
    async with worker_of(client, queue, place.shelf):
        handle = await client.start_workflow(Shelf.run, id=place.shelf, task_queue=queue)
        try:
            yield place
        finally:
            await handle.terminate()


def in_place(stack: RunningStack, use: Callable[[Place], Awaitable[None]]) -> None:
    async def run() -> None:
        async with placed(stack) as place:
            await use(place)

    asyncio.run(run())


def by_name(spans: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    assert len({span["name"] for span in spans}) == len(spans), [span["name"] for span in spans]
    return {span["name"]: span for span in spans}


def test_all_steps_are_one_tree_and_bear_the_request_id(
    stack: RunningStack, observer: Observer, home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    request_id = f"r-{uuid.uuid4()}"

    async def use(place: Place) -> None:
        assert await place.run(request_id) == f"taken by {request_id}"

    in_place(stack, use)
    observer.close()
    spans = spans_of(home)
    assert {(span["request_id"], span["trace_id"]) for span in spans} == {(request_id, spans[0]["trace_id"])}
    parents = {span["span_id"]: span["name"] for span in spans}
    assert {span["name"]: parents.get(span["parent"]) for span in by_name(spans).values()} == {
        "POST": None,
        "StartUpdateWithStartWorkflow:Errand": "POST",
        "RunWorkflow:Errand": "StartUpdateWithStartWorkflow:Errand",
        "HandleUpdate:answer": "StartUpdateWithStartWorkflow:Errand",
        "RunActivity:fetch": "StartUpdateWithStartWorkflow:Errand",
        "fetch": "RunActivity:fetch",
        "StartWorkflowUpdate:take": "fetch",
        "HandleUpdate:take": "StartWorkflowUpdate:take",
        "RunActivity:note": "StartUpdateWithStartWorkflow:Errand",
        "write note": "RunActivity:note",
        "CompleteWorkflow:Errand": "StartUpdateWithStartWorkflow:Errand",
    }
    assert by_name(spans)["HandleUpdate:take"]["component"] == "temporal"
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [line["request_id"] for line in lines if line["event"] == "fetching"] == [request_id]


def test_what_no_request_asked_for_leaves_no_span(stack: RunningStack, observer: Observer, home: Path) -> None:
    async def use(place: Place) -> None:
        handle = place.client.get_workflow_handle_for(Shelf.run, place.shelf)
        assert await handle.execute_update(Shelf.take, "me") == "taken by me"

    in_place(stack, use)
    observer.close()
    assert not (home / "spans" / "worker.ndjson").exists()


def test_a_refused_update_completes_no_workflow(stack: RunningStack, observer: Observer, home: Path) -> None:
    async def use(place: Place) -> None:
        handle = place.client.get_workflow_handle_for(Shelf.run, place.shelf)
        with step("ask", "api", request_id="r-1"), pytest.raises(WorkflowUpdateFailedError):
            await handle.execute_update(Shelf.take, "bad me")

    in_place(stack, use)
    observer.close()
    assert set(by_name(spans_of(home))) == {"ask", "StartWorkflowUpdate:take"}


def test_a_replay_leaves_no_span_twice(stack: RunningStack, observer: Observer, home: Path) -> None:
    async def use(place: Place) -> None:
        await place.run("r-1" + place.queue)
        history = await place.client.get_workflow_handle(f"errand-r-1{place.queue}").fetch_history()
        replayer = Replayer(workflows=[Errand], workflow_runner=UnsandboxedWorkflowRunner(), interceptors=[Tracing()])
        await replayer.replay_workflow(history)

    in_place(stack, use)
    observer.close()
    by_name(spans_of(home))
