"""The one module that imports neo4j's driver. Its asynchronous one: the other waits for a silent server for ever."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, LiteralString

from neo4j import AsyncDriver, AsyncGraphDatabase, Query
from neo4j.exceptions import DriverError, Neo4jError

from chaos_aura.core.errors import PingFailed

# It tells of every connection that is lost; whoever asks tells of one that failed, in words of its own.
logging.getLogger("neo4j").setLevel(logging.CRITICAL)

_DATABASE = "neo4j"  # named, so that no session has to ask for the home database first
_CONNECTS_WITHIN_S = 1.0  # below every time-out: cancelled in the midst of it, the driver forgets its socket
_IDLE_IS_DOUBTFUL_AFTER_S = 5.0


class Neo4j:
    """One connection, kept; of one thread."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._runner = asyncio.Runner()
        self._driver: AsyncDriver | None = None

    def ask(self, text: LiteralString, timeout_s: float, **parameters: Any) -> list[dict[str, Any]]:
        """In one transaction, which the server gives up too when it takes too long. PingFailed when it was not done."""
        try:
            return self._runner.run(self._ask(text, timeout_s, parameters))
        except TimeoutError:
            raise self._failure(f"no answer within {timeout_s:g} s") from None
        except Neo4jError as cause:
            raise self._failure(f"{cause.code}: {(cause.message or '').partition('. ')[0]}") from cause
        except (DriverError, OSError) as cause:
            raise self._failure(" ".join(str(cause).split()) or type(cause).__name__) from cause

    def close(self) -> None:
        if self._driver is not None:
            self._runner.run(self._driver.close())
        self._runner.close()

    async def _ask(self, text: LiteralString, timeout_s: float, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        driver = self._driver = self._driver or _driver(self._uri)
        async with asyncio.timeout(timeout_s), driver.session(database=_DATABASE, fetch_size=-1) as session:
            result = await session.run(Query(text, timeout=timeout_s), dict(parameters))
            return [record.data() async for record in result]

    def _failure(self, why: str) -> PingFailed:
        return PingFailed(f"neo4j at {self._uri}", why)


def _driver(uri: str) -> AsyncDriver:
    return AsyncGraphDatabase.driver(
        uri,
        connection_timeout=_CONNECTS_WITHIN_S,
        connection_acquisition_timeout=_CONNECTS_WITHIN_S,
        connection_write_timeout=_CONNECTS_WITHIN_S,
        liveness_check_timeout=_IDLE_IS_DOUBTFUL_AFTER_S,
        max_connection_pool_size=1,
        max_transaction_retry_time=0,
        notifications_min_severity="OFF",
        telemetry_disabled=True,
    )
