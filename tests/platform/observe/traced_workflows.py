"""Two small workflows as the platform has them: one for a request, and one that many requests send Updates to."""

from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from chaos_aura.platform.observe.logs import get_logger
from chaos_aura.platform.observe.spans import step

WITHIN = timedelta(seconds=10)


@workflow.defn
class Shelf:
    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: False)

    @workflow.update
    async def take(self, name: str) -> str:
        return f"taken by {name}"

    @take.validator
    def refuse(self, name: str) -> None:
        if name.startswith("bad"):
            raise ApplicationError("not for you", type="not_yours", non_retryable=True)


@workflow.defn
class Errand:
    @workflow.init
    def __init__(self, name: str) -> None:
        self._answer = ""

    @workflow.run
    async def run(self, name: str) -> str:
        self._answer = await workflow.execute_local_activity_method(Hands.fetch, name, start_to_close_timeout=WITHIN)
        await workflow.execute_activity_method(Hands.note, name, start_to_close_timeout=WITHIN)
        return self._answer

    @workflow.update
    async def answer(self) -> str:
        await workflow.wait_condition(lambda: bool(self._answer))
        return self._answer


@dataclass
class Hands:
    client: Client
    shelf: str

    @activity.defn
    async def fetch(self, name: str) -> str:
        with step("fetch", "worker", name=name) as fetching:
            get_logger().info("fetching")
            handle = self.client.get_workflow_handle_for(Shelf.run, self.shelf)
            taken = await handle.execute_update(Shelf.take, name)
            fetching.output(taken=taken)
            return taken

    @activity.defn
    async def note(self, name: str) -> None:
        with step("write note", "neo4j"):
            pass


def worker_of(client: Client, queue: str, shelf: str) -> Worker:
    hands = Hands(client, shelf)
    return Worker(
        client,
        task_queue=queue,
        workflows=[Shelf, Errand],
        activities=[hands.fetch, hands.note],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
