"""What Neo4j is asked. A decision is a (:Decision {allocation_id, decided_at_ms, outcome, total_usd, ...})."""

from typing import Final, LiteralString

LATEST: Final[LiteralString] = """
MATCH (decision:Decision)
WHERE decision.decided_at_ms IS NOT NULL AND decision.outcome IS NOT NULL AND decision.total_usd IS NOT NULL
RETURN decision.allocation_id AS id, decision.outcome AS outcome, decision.total_usd AS total_usd
ORDER BY decision.decided_at_ms DESC, id DESC LIMIT $count
"""

# The platform's writes pass this gate too, one after another: without it, two who write the same decisions in another
# order would deadlock. It is locked by a write that changes nothing.
_GATE: Final[LiteralString] = """
OPTIONAL MATCH (gate:WriteGate {name: 'decisions'}) SET gate.passed_at_ms = gate.passed_at_ms
WITH count(*) AS passed
"""

# Both values or neither: the platform always writes them together.
SWAP: Final[LiteralString] = (
    _GATE
    + """
UNWIND $rows AS row
MATCH (decision:Decision {allocation_id: row.id})
WHERE decision.outcome = row.old.outcome AND decision.total_usd = row.old.total_usd
SET decision.outcome = row.new.outcome, decision.total_usd = row.new.total_usd
RETURN count(decision) AS changed
"""
)

FOUND: Final[LiteralString] = """
UNWIND $ids AS id
MATCH (decision:Decision {allocation_id: id})
RETURN id, decision.outcome AS outcome, decision.total_usd AS total_usd
"""
