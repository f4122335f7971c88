"""What Neo4j holds of a request: its decision, its votes, its state."""

from chaos_aura.platform.stores.decisions import Decisions
from chaos_aura.platform.trace.answer import Answer, found, nothing


async def ask_neo4j(uri: str, request_id: str, within_s: float) -> Answer:
    decisions = Decisions(uri, timeout_s=within_s)
    try:
        allocation = await decisions.read(request_id)
    finally:
        await decisions.close()
    return found({"allocation": allocation}) if allocation else nothing("no allocation of that id")
