"""Callers who ask for GPUs and give them back, again and again, as fast as they are answered.

Standard library and threads: some tens of cycles a second need no more, and whoever measures need not import Locust.
"""

import http.client
import itertools
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from chaos_aura.core.address import Address
from chaos_aura.core.operation import Outcome
from chaos_aura.load.answers import RESET, Reply, of_allocate, of_release

_TIMEOUT_S = 10.0
_PAUSE_S = 0.2
_GIVES_BACK_WITHIN_S = 10.0
# What a killed measurement has left the platform takes back after that.
_HOURS = 0.05


@dataclass
class ClosedLoop:
    """`done` counts whole cycles. Whatever was, or may have been, granted is given back before a caller ends."""

    address: Address
    tag: str
    types: Sequence[str]
    done: int = 0
    last_trouble: str = ""
    is_over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def go_on(self) -> None:
        """One caller."""
        with closing(
            http.client.HTTPConnection(self.address.host, self.address.port, timeout=_TIMEOUT_S)
        ) as connection:
            while not self.is_over.is_set():
                self._cycle(connection)

    def _cycle(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            nth = next(self._numbers)
        request_id, tenant = f"{self.tag}-capacity-{nth}", f"{self.tag}-capacity"
        gpu_type = self.types[nth % len(self.types)]
        body = {"request_id": request_id, "tenant": tenant, "gpu_type": gpu_type, "count": 1, "hours": _HOURS}
        answer = of_allocate(asked(connection, "POST", "/allocations", body))
        if answer.outcome is not Outcome.FAIL and self._is_given_back(connection, request_id, tenant):
            with self._lock:
                self.done += answer.outcome is Outcome.OK
        if answer.outcome is not Outcome.OK:
            self.last_trouble = answer.why or "not decided in time"
            self.is_over.wait(_PAUSE_S)

    def _is_given_back(self, connection: http.client.HTTPConnection, request_id: str, tenant: str) -> bool:
        until_s = time.monotonic() + _GIVES_BACK_WITHIN_S
        while time.monotonic() < until_s:
            reply = asked(connection, "DELETE", f"/allocations/{request_id}", tenant=tenant)
            answer = of_release(reply, may_have_been=True)
            if answer.is_final:
                return answer.outcome is Outcome.OK
            self.last_trouble = answer.why
            time.sleep(_PAUSE_S)
        return False


def asked(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
    tenant: str = "",
) -> Reply:
    """Whatever goes wrong is a reply too."""
    headers = {"X-Tenant": tenant} if tenant else {}
    try:
        connection.request(method, path, json.dumps(body).encode() if body else None, headers)
        answer = connection.getresponse()
        document = json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError) as cause:
        connection.close()
        return Reply(0, {"detail": repr(cause)}, RESET)
    return Reply(answer.status, document if isinstance(document, dict) else {})
