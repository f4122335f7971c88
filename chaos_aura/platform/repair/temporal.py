"""What Temporal holds of a run's allocations: which workflows there are, and what each of them knows."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.service import RPCError, RPCStatusCode

from chaos_aura.platform.allocation.orders import WORKFLOW_ID_PREFIX, workflow_id_of
from chaos_aura.platform.allocation.workflow import GPUAllocationWorkflow
from chaos_aura.platform.connections import connect_temporal
from chaos_aura.platform.model import Allocation
from chaos_aura.platform.reading import read
from chaos_aura.platform.repair.away import answering
from chaos_aura.platform.repair.told import Standing, Told
from chaos_aura.platform.settings import Settings

_TEMPORAL = "temporal"
_WITHIN_S = 10.0
_LIST_WITHIN_S = 60.0
_WORKER_WITHIN_S = 5.0
_AT_ONCE = 16
_MOST_SILENT = 16  # in a row: then nobody works, and asking all the others would take minutes
_PAGE = 1000
_NO_WORKER = (TimeoutError, RPCError, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError)


class Workflows:
    """Whatever Temporal itself does not answer raises DependencyAway; a silent worker is told of each allocation."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._silent = 0

    @classmethod
    async def at(cls, address: str) -> "Workflows":
        settings = Settings("repair", Path(), "", temporal=address)
        connecting = connect_temporal(settings, lazy=False, retry_for_s=_WITHIN_S)
        return cls(await answering(_TEMPORAL, connecting, _WITHIN_S))

    async def running_of(self, tag: str) -> Mapping[str, bool]:
        """All whose ids begin so, and whether each runs. {"01kb7q9x3m-0": False, ...}"""
        return await answering(_TEMPORAL, self._listed(tag), _LIST_WITHIN_S)

    async def told_of(self, allocation_ids: Sequence[str]) -> Mapping[str, Told]:
        """A few at a time."""
        turn, self._silent = asyncio.Semaphore(_AT_ONCE), 0

        async def in_turn(allocation_id: str) -> Told:
            async with turn:
                return await self._told(allocation_id)

        return {told.allocation_id: told for told in await asyncio.gather(*map(in_turn, allocation_ids))}

    async def _listed(self, tag: str) -> Mapping[str, bool]:
        query = f'WorkflowType = "{GPUAllocationWorkflow.__name__}" AND WorkflowId STARTS_WITH "{workflow_id_of(tag)}"'
        return {
            each.id.removeprefix(WORKFLOW_ID_PREFIX): each.status is WorkflowExecutionStatus.RUNNING
            async for each in self._client.list_workflows(query, page_size=_PAGE)
        }

    async def _told(self, allocation_id: str) -> Told:
        handle = self._client.get_workflow_handle_for(GPUAllocationWorkflow.run, workflow_id_of(allocation_id))
        status = await answering(_TEMPORAL, _status(handle), _WITHIN_S)
        match status:
            case None:
                return Told(allocation_id, Standing.NOT_FOUND, why="Temporal knows no workflow of it")
            case WorkflowExecutionStatus.RUNNING:
                return await self._asked(allocation_id, handle)
            case WorkflowExecutionStatus.COMPLETED:
                return Told(allocation_id, Standing.ENDED, await answering(_TEMPORAL, handle.result(), _WITHIN_S))
            case _:
                return Told(allocation_id, Standing.BROKEN, why=f"its workflow was {status.name.lower()}")

    async def _asked(self, allocation_id: str, handle: WorkflowHandle[Any, Allocation]) -> Told:
        """Of a worker: what it knows, and only then what it has not written yet."""
        if self._silent >= _MOST_SILENT:
            return _silent(allocation_id, f"nobody answered for {_MOST_SILENT} others")
        try:
            async with asyncio.timeout(_WORKER_WITHIN_S):
                allocation = await read(handle, GPUAllocationWorkflow.allocation, Allocation)
                unwritten = await read(handle, GPUAllocationWorkflow.unwritten, dict[str, str])
        except _NO_WORKER as cause:
            if isinstance(cause, RPCError) and cause.status is RPCStatusCode.NOT_FOUND:
                return await self._just_ended(allocation_id, handle)
            self._silent += 1
            return _silent(allocation_id, f"no answer within {_WORKER_WITHIN_S:g} s")
        self._silent = 0
        return Told(allocation_id, Standing.RUNNING, allocation, frozenset(unwritten))

    async def _just_ended(self, allocation_id: str, handle: WorkflowHandle[Any, Allocation]) -> Told:
        try:
            return Told(allocation_id, Standing.ENDED, await answering(_TEMPORAL, handle.result(), _WITHIN_S))
        except WorkflowFailureError as broken:
            return Told(allocation_id, Standing.BROKEN, why=f"its workflow ended by {type(broken.cause).__name__}")


async def _status(handle: WorkflowHandle[Any, Any]) -> WorkflowExecutionStatus | None:
    """None when there is none of this id."""
    try:
        return (await handle.describe()).status
    except RPCError as failed:
        if failed.status is RPCStatusCode.NOT_FOUND:
            return None
        raise


def _silent(allocation_id: str, why: str) -> Told:
    return Told(allocation_id, Standing.SILENT, why=f"its workflow runs, and no worker tells what it knows ({why})")
