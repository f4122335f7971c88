"""One request and its answer, as the border of the API sees them: under which id, how long, how it ended."""

import uuid
from collections.abc import Callable

from opentelemetry.trace import Status, StatusCode, get_current_span
from starlette.requests import Request
from starlette.types import Message, Scope, Send

from chaos_aura.platform.api.rules import is_safe_id
from chaos_aura.platform.observe.spans import Step

_ID = "request_id"
_WHY = "why"
_UNMATCHED = "unmatched"
CLIENT_GONE = 499
_OURS = 500  # from here on it is not the client's affair


class Exchange:
    """Its id is the caller's `X-Request-Id`, or a fresh one, until a handler knows which allocation it is about."""

    def __init__(self, scope: Scope, send: Send, clock: Callable[[], float]) -> None:
        self.scope = scope
        self.status = 0
        self.is_answered = False
        self._send = send
        self._clock = clock
        self._began_s = clock()
        scope.setdefault("state", {})[_ID] = _id_from(scope) or uuid.uuid4().hex

    @property
    def request_id(self) -> str:
        return str(self.scope["state"][_ID])

    @property
    def route(self) -> str:
        """Of templates, so that metrics stay few: `GET /allocations/{allocation_id}`."""
        return f"{self.scope['method']} {getattr(self.scope.get('route'), 'path', _UNMATCHED)}"

    @property
    def why(self) -> str | None:
        """What is for the log and not for the tenant."""
        why: str | None = self.scope["state"].get(_WHY)
        return why

    @property
    def duration_s(self) -> float:
        return self._clock() - self._began_s

    @property
    def has_begun_to_answer(self) -> bool:
        return self.status != 0

    def describe(self, serving: Step) -> None:
        """Its route is known only now."""
        span = get_current_span()
        span.update_name(self.route)
        serving.output(status=self.status)
        if self.status >= _OURS:
            span.set_status(Status(StatusCode.ERROR, self.why))

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": [*message["headers"], (b"x-request-id", self.request_id.encode("ascii"))]}
        elif not message.get("more_body", False):
            self.is_answered = True
        await self._send(message)


def id_of(request: Request) -> str:
    return str(request.scope["state"][_ID])


def name_after(request: Request, allocation_id: str) -> None:
    """From now on this exchange is told under the id of the allocation that it is about."""
    request.scope["state"][_ID] = allocation_id
    get_current_span().set_attribute(_ID, allocation_id)


def explain(request: Request, why: str) -> None:
    request.scope["state"][_WHY] = why


def _id_from(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            told: str = value.decode("latin-1")
            return told if is_safe_id(told) else ""
    return ""
