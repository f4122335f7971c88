"""The one module that imports temporalio: the workflows of a run, as Temporal lists them."""

import asyncio
from collections.abc import Iterator

from temporalio.client import Client, WorkflowExecution
from temporalio.service import RPCError

from chaos_aura.core.errors import PingFailed

_PREFIX = "allocation-"
_PAGE = 1000


class Workflows:
    """One connection, kept; of one thread at a time. PingFailed when it could not be asked."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._runner = asyncio.Runner()
        self._client: Client | None = None

    def of_run(self, tag: str, timeout_s: float) -> Iterator[tuple[str, str]]:
        """Allocation and status, `completed`, in pages."""
        query = f"WorkflowId STARTS_WITH '{_PREFIX}{tag}'"
        token: bytes | None = None
        while True:
            page, token = self._runner.run(self._page(query, token, timeout_s))
            for each in page:
                yield each.id.removeprefix(_PREFIX), each.status.name.lower() if each.status else "unknown"
            if not token:
                return

    async def _page(
        self, query: str, token: bytes | None, timeout_s: float
    ) -> tuple[list[WorkflowExecution], bytes | None]:
        try:
            async with asyncio.timeout(timeout_s):
                client = self._client = self._client or await Client.connect(self._address)
                listed = client.list_workflows(query, page_size=_PAGE, next_page_token=token)
                await listed.fetch_next_page()
        except TimeoutError:
            raise self._failure(f"no answer within {timeout_s:g} s") from None
        except (RPCError, RuntimeError, OSError) as cause:
            raise self._failure(" ".join(str(cause).split())) from cause
        return list(listed.current_page or ()), listed.next_page_token

    def _failure(self, why: str) -> PingFailed:
        return PingFailed(f"temporal at {self._address}", why)
