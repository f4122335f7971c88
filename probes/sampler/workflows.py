"""Workflows of a run in Temporal. At its own address, past every edge."""

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from chaos_aura.core.catalogue import Catalogue
from probes.packages import require

if TYPE_CHECKING:
    from probes.temporal_client import Workflows

_WITHIN_S = 10.0


class RunWorkflows:
    """Of any thread; connected when it is first asked."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._client: Workflows | None = None
        self._asking = threading.Lock()

    def of_run(self, tag: str) -> Iterator[tuple[str, str]]:
        """Allocation and status. PingFailed when they did not all come."""
        with self._asking:
            if self._client is None:
                require("temporalio")
                from probes.temporal_client import Workflows  # noqa: PLC0415 - 0.35 s

                self._client = Workflows(self._catalogue.service("temporal").uri)
            yield from self._client.of_run(tag, _WITHIN_S)
