"""Neo4j made ready for decisions: one that has just started plans queries for longer than one call may last."""

import asyncio

from chaos_aura.platform.stores.decisions import FAILURES, Decisions

_WITHIN_S = 90.0
_AGAIN_AFTER_S = 0.05


async def made_schema(decisions: Decisions) -> None:
    """As a worker does it: again and again."""
    async with asyncio.timeout(_WITHIN_S):
        while True:
            try:
                await decisions.make_schema()
            except FAILURES:
                await asyncio.sleep(_AGAIN_AFTER_S)
            else:
                return
