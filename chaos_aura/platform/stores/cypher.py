"""What Neo4j is asked, and what holds there.

(Tenant)-[:MADE]->(Request)-[:LED_TO]->(Allocation)-[:DECIDED_BY]->(Decision)-[:HAS]->(Vote)
                                       (Allocation)-[:HOLDS or, once released, HELD]->(Gpu)
"""

from typing import Final, LiteralString

SCHEMA: Final[tuple[LiteralString, ...]] = (
    "CREATE CONSTRAINT one_gate IF NOT EXISTS FOR (n:WriteGate) REQUIRE n.name IS UNIQUE",
    "CREATE CONSTRAINT one_tenant IF NOT EXISTS FOR (n:Tenant) REQUIRE n.name IS UNIQUE",
    "CREATE CONSTRAINT one_request IF NOT EXISTS FOR (n:Request) REQUIRE n.request_id IS UNIQUE",
    "CREATE CONSTRAINT one_allocation IF NOT EXISTS FOR (n:Allocation) REQUIRE n.allocation_id IS UNIQUE",
    "CREATE CONSTRAINT one_decision IF NOT EXISTS FOR (n:Decision) REQUIRE n.allocation_id IS UNIQUE",
    "CREATE CONSTRAINT one_gpu IF NOT EXISTS FOR (n:Gpu) REQUIRE n.gpu_id IS UNIQUE",
    "CREATE INDEX decisions_of_tenant IF NOT EXISTS FOR (n:Decision) ON (n.tenant, n.decided_at_ms, n.allocation_id)",
    "CREATE INDEX allocations_by_state IF NOT EXISTS FOR (n:Allocation) ON (n.state, n.requested_at_ms)",
    "CALL db.awaitIndexes(10)",
)

# Every write passes the one gate first. Tenants and GPUs are shared by what different workers write at once, in any
# order, so without it they deadlock; and what a write reads behind the gate is what the last one committed, so that
# a late write of an earlier state sees that it is late. Nothing is lost by taking turns: each turn is a whole batch.
WRITE: Final[LiteralString] = """
MERGE (gate:WriteGate {name: 'decisions'}) SET gate.passed_at_ms = timestamp()
WITH count(*) AS passed
UNWIND $rows AS row
OPTIONAL MATCH (before:Allocation {allocation_id: row.allocation_id})
WITH row, before.progress AS progress
WHERE progress IS NULL OR progress <= row.progress
MERGE (tenant:Tenant {name: row.tenant})
MERGE (request:Request {request_id: row.allocation_id}) SET request += row.request
MERGE (allocation:Allocation {allocation_id: row.allocation_id}) SET allocation += row.allocation
MERGE (tenant)-[:MADE]->(request)
MERGE (request)-[:LED_TO]->(allocation)
FOREACH (decided IN row.decisions |
  MERGE (decision:Decision {allocation_id: row.allocation_id}) SET decision += decided.decision
  MERGE (allocation)-[:DECIDED_BY]->(decision)
  FOREACH (cast IN decided.votes | MERGE (decision)-[:HAS]->(vote:Vote {agent: cast.agent}) SET vote += cast)
)
FOREACH (hold IN row.holds |
  MERGE (gpu:Gpu {gpu_id: hold.gpu_id}) ON CREATE SET gpu.gpu_type = row.request.gpu_type
  MERGE (allocation)-[holds:HOLDS]->(gpu) SET holds += hold.hold
)
FOREACH (hold IN row.held |
  MERGE (gpu:Gpu {gpu_id: hold.gpu_id}) ON CREATE SET gpu.gpu_type = row.request.gpu_type
  MERGE (allocation)-[held:HELD]->(gpu) SET held += hold.hold
)
WITH allocation, row WHERE size(row.held) > 0
MATCH (allocation)-[over:HOLDS]->(:Gpu)
DELETE over
"""

_WHOLE: Final[LiteralString] = """
MATCH (tenant:Tenant)-[:MADE]->(request:Request)-[:LED_TO]->(allocation)
OPTIONAL MATCH (allocation)-[:DECIDED_BY]->(decision:Decision)
RETURN tenant.name AS tenant, properties(request) AS request, properties(allocation) AS allocation,
       properties(decision) AS decision,
       [(decision)-[:HAS]->(vote:Vote) | properties(vote)] AS votes,
       [(allocation)-[hold:HOLDS|HELD]->(gpu:Gpu) | {gpu_id: gpu.gpu_id, hold: properties(hold)}] AS holds
"""

READ: Final[LiteralString] = "MATCH (allocation:Allocation {allocation_id: $allocation_id})" + _WHOLE

# Both orders name the whole index, also the part that is the same for all: only then is nothing sorted.
LISTED: Final[LiteralString] = (
    """
MATCH (allocation:Allocation) WHERE allocation.state = $state AND allocation.requested_at_ms IS NOT NULL
WITH allocation ORDER BY allocation.state DESC, allocation.requested_at_ms DESC LIMIT $limit
"""
    + _WHOLE
)

WINDOW: Final[LiteralString] = """
MATCH (decision:Decision)
WHERE decision.tenant = $tenant AND decision.decided_at_ms IS NOT NULL AND decision.allocation_id IS NOT NULL
WITH decision ORDER BY decision.tenant DESC, decision.decided_at_ms DESC, decision.allocation_id DESC LIMIT $size
MATCH (request:Request)-[:LED_TO]->(:Allocation)-[:DECIDED_BY]->(decision)
RETURN properties(request) AS request, properties(decision) AS decision
"""

_SHORT: Final[LiteralString] = """
RETURN allocation.allocation_id AS allocation_id, allocation.state AS state,
       EXISTS { (allocation)-[:DECIDED_BY]->(:Decision) } AS has_decision
"""

KEPT: Final[LiteralString] = (
    """
MATCH (allocation:Allocation)
WHERE allocation.allocation_id STARTS WITH $prefix AND allocation.allocation_id > $after
WITH allocation ORDER BY allocation.allocation_id LIMIT $limit
"""
    + _SHORT
    + "ORDER BY allocation_id"
)

KEPT_OF: Final[LiteralString] = "UNWIND $ids AS id MATCH (allocation:Allocation {allocation_id: id})" + _SHORT

PING: Final[LiteralString] = "RETURN 1"
