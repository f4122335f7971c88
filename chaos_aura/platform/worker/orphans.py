"""GPUs whose workflow was ended by force: nobody else would ever give them back."""

import time
from dataclasses import replace

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from chaos_aura.platform.allocation.orders import RecordOrder, Stage, Store, workflow_id_of
from chaos_aura.platform.errors import DependencyFailed
from chaos_aura.platform.model import State
from chaos_aura.platform.observe.logs import bound, get_logger
from chaos_aura.platform.observe.spans import step
from chaos_aura.platform.pool.client import PoolClient
from chaos_aura.platform.pool.orders import ReleaseOrder
from chaos_aura.platform.worker.parts import Parts

_LOOKS_AT_ONCE = 20
_WHY = "its workflow was ended by force"


class Orphans:
    """A workflow that ends by itself, is cancelled or fails gives back what it holds; one that is terminated cannot."""

    def __init__(self, client: Client, pool: PoolClient, parts: Parts) -> None:
        self._client = client
        self._pool = pool
        self._parts = parts
        self._looked_at_s: dict[str, float] = {}

    async def sweep(self) -> tuple[str, ...]:
        """The allocations that have been ended: of those that were looked at least recently, a few at a time."""
        held = {holder.allocation_id: holder.fencing_token for holder in (await self._pool.view()).holders}
        self._looked_at_s = {each: self._looked_at_s.get(each, 0.0) for each in held}
        due = sorted(held, key=self._looked_at_s.__getitem__)[:_LOOKS_AT_ONCE]
        ended = []
        for allocation_id in due:
            self._looked_at_s[allocation_id] = time.monotonic()
            if await self._was_ended_by_force(allocation_id):
                await self._end(allocation_id, held[allocation_id])
                ended.append(allocation_id)
        return tuple(ended)

    async def _was_ended_by_force(self, allocation_id: str) -> bool:
        """One that Temporal knows no more would have given back what it held, had it ended by itself."""
        try:
            told = await self._client.get_workflow_handle(workflow_id_of(allocation_id)).describe()
        except RPCError as failed:
            if failed.status is RPCStatusCode.NOT_FOUND:
                return True
            raise
        return told.status not in (WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.COMPLETED)

    async def _end(self, allocation_id: str, token: int) -> None:
        """On record first: what cannot be told to a store now is found and told again by a later sweep."""
        with bound(allocation_id), step("end orphan", "worker", token=token) as ending:
            is_known = await self._record(allocation_id)
            returned = await self._pool.release(ReleaseOrder(allocation_id, token))
            ending.output(returned=returned, on_record=is_known)
            get_logger().warning("ended for a workflow that was ended by force", gpus=returned, on_record=is_known)

    async def _record(self, allocation_id: str) -> bool:
        """False when Neo4j has not been told of the grant, and so nobody knows what to tell.

        The others may have missed the beginning too, so they are told all of it. Neo4j, asked here, comes last.
        """
        decisions, neo4j = self._parts.decisions, self._parts.guards[Store.NEO4J]
        known = await neo4j.run(lambda: decisions.read(allocation_id))
        if known is None or known.state is not State.GRANTED:
            return False
        ended = replace(known, state=State.RELEASED, released_at_ms=int(time.time() * 1000), release_reason=_WHY)
        told = await self._parts.recorder.record(RecordOrder(ended, (Store.REDIS, Store.KAFKA), Stage.NOTHING))
        for store, why in told.failed.items():
            raise DependencyFailed(store, why)
        await neo4j.run(lambda: decisions.write(ended))
        return True
