"""Everything that the routes use, made once."""

from dataclasses import dataclass

from chaos_aura.platform.allocation.client import AllocationClient
from chaos_aura.platform.api.admission import Admission
from chaos_aura.platform.api.readiness import Readiness
from chaos_aura.platform.guards import Guard
from chaos_aura.platform.model import Allocation, State
from chaos_aura.platform.projection.usage import Usage, UsageReader
from chaos_aura.platform.stores.decisions import Decisions


@dataclass(frozen=True, slots=True)
class Services:
    allocations: AllocationClient
    decisions: Decisions
    usage: UsageReader
    neo4j: Guard
    redis: Guard
    admission: Admission
    readiness: Readiness

    async def recorded(self, allocation_id: str) -> Allocation | None:
        """As Neo4j has it: it remembers for longer than Temporal."""
        return await self.neo4j.run(lambda: self.decisions.read(allocation_id))

    async def listed(self, state: State, limit: int) -> tuple[Allocation, ...]:
        return await self.neo4j.run(lambda: self.decisions.listed(state, limit))

    async def usage_of(self, tenant: str) -> Usage:
        return await self.redis.run(lambda: self.usage.of(tenant))
