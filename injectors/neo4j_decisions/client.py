"""The one module that imports neo4j's driver. Its asynchronous one: the other waits for a silent server for ever."""

import asyncio
from collections.abc import Mapping
from typing import Any, LiteralString

from neo4j import AsyncGraphDatabase, Query
from neo4j.exceptions import DriverError, Neo4jError

__all__ = ["Unanswered", "ask"]

_DATABASE = "neo4j"  # named, so that no session has to ask for the home database first
_CONNECTS_WITHIN_S = 1.0
_WORKS_WITHIN_S = 4.0  # a fresh server plans its first queries for seconds
_ANSWERS_WITHIN_S = 4.5


class Unanswered(Exception):
    """Neo4j is away, silent, or could not do it."""


def ask(uri: str, text: LiteralString, **parameters: Any) -> list[dict[str, Any]]:
    """In one transaction, which the server gives up too when it takes too long."""
    try:
        return asyncio.run(_ask(uri, text, parameters))
    except TimeoutError as cause:
        raise Unanswered(f"no answer within {_ANSWERS_WITHIN_S:g} s") from cause
    except Neo4jError as cause:
        raise Unanswered(_said(cause)) from cause
    except (DriverError, OSError) as cause:
        raise Unanswered(str(cause) or type(cause).__name__) from cause


def _said(cause: Neo4jError) -> str:
    """The server's own words are many."""
    if "TransactionTimedOut" in (cause.code or ""):
        return f"not done within {_WORKS_WITHIN_S:g} s"
    return f"{cause.code}: {(cause.message or '').partition('. ')[0]}"


async def _ask(uri: str, text: LiteralString, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Connecting is over long before the time-out: cancelled in the midst of it, the driver forgets its socket."""
    driver = AsyncGraphDatabase.driver(
        uri,
        connection_timeout=_CONNECTS_WITHIN_S,
        connection_acquisition_timeout=2 * _CONNECTS_WITHIN_S,
        connection_write_timeout=_CONNECTS_WITHIN_S,
        max_transaction_retry_time=0,
        notifications_min_severity="OFF",
        telemetry_disabled=True,
    )
    async with asyncio.timeout(_ANSWERS_WITHIN_S), driver, driver.session(database=_DATABASE, fetch_size=-1) as session:
        result = await session.run(Query(text, timeout=_WORKS_WITHIN_S), dict(parameters))
        return [record.data() async for record in result]
