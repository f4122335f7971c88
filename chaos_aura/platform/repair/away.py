"""Whoever does not answer, in one line: a store that cannot be asked decides nothing."""

import asyncio
from collections.abc import Awaitable

from temporalio.client import WorkflowFailureError

from chaos_aura.platform.errors import DependencyAway
from chaos_aura.platform.trace.answer import in_one_line


async def answering[Answer](store: str, asking: Awaitable[Answer], within_s: float) -> Answer:
    """DependencyAway when it does not answer in time, or fails. That a workflow failed is an answer."""
    try:
        async with asyncio.timeout(within_s):
            return await asking
    except (DependencyAway, WorkflowFailureError):
        raise
    except TimeoutError as cause:
        raise DependencyAway(store, f"no answer within {within_s:g} s") from cause
    except Exception as cause:
        raise DependencyAway(store, in_one_line(cause)) from cause
