"""The border between HTTP and the platform: whatever comes in gets an id, limits, an answer, and a line in the log."""

import asyncio
import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chaos_aura.platform.api.answers import retry_after
from chaos_aura.platform.api.body import ClientGone, replayed, taken
from chaos_aura.platform.api.exchange import CLIENT_GONE, Exchange
from chaos_aura.platform.api.problem import Problem, internal
from chaos_aura.platform.observe import metrics
from chaos_aura.platform.observe.logs import bound, get_logger
from chaos_aura.platform.observe.spans import step

# Asked several times a second by machines: cheap to answer, never refused, and not worth a line or a span each.
_PROBED = frozenset({"/healthz", "/readyz", "/metrics"})
_NOT_WELL = 400
_CUT_OFF = Problem(
    503,
    "ending",
    "the API ends, and nobody knows yet what comes of this; ask again with the same id",
    headers={**retry_after(1), "Connection": "close"},
)


class Front:
    """Pure ASGI. `is_crowded` says that there are more connections than can be served."""

    def __init__(
        self,
        app: ASGIApp,
        is_crowded: Callable[[], bool],
        *,
        body_within_s: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._is_crowded = is_crowded
        self._body_within_s = body_within_s
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(scope, send, self._clock)
        is_probe = scope["path"] in _PROBED
        with bound(exchange.request_id):
            try:
                await (self._app(scope, receive, exchange.send) if is_probe else self._serve(exchange, receive))
            except Problem as problem:
                await _refuse(exchange, receive, problem)
            except ClientGone:
                exchange.status = CLIENT_GONE
            except asyncio.CancelledError:  # the server ends, and has waited long enough
                await _refuse(exchange, receive, _CUT_OFF)
            except Exception:  # noqa: BLE001 - the border: a tenant is never shown what went wrong inside
                get_logger().exception("failed", method=scope["method"], path=scope["path"])
                await _refuse(exchange, receive, internal(exchange.request_id))
        _tell(exchange, is_quiet=is_probe and exchange.status < _NOT_WELL)

    async def _serve(self, exchange: Exchange, receive: Receive) -> None:
        if self._is_crowded():
            headers = {**retry_after(1), "Connection": "close"}
            raise Problem(503, "overloaded", "too many connections are open", headers=headers)
        with step(exchange.scope["method"], "api", path=exchange.scope["path"]) as serving:
            try:
                body = await taken(exchange.scope, receive, self._body_within_s)
                await self._serve_while_client_stays(exchange, body, receive)
            finally:
                exchange.describe(serving)

    async def _serve_while_client_stays(self, exchange: Exchange, body: bytes, receive: Receive) -> None:
        serving = asyncio.current_task()
        assert serving
        watch = asyncio.create_task(_cancel_when_gone(receive, exchange, serving))
        try:
            await self._app(exchange.scope, replayed(body), exchange.send)
        except asyncio.CancelledError:
            if not watch.done():
                raise
            serving.uncancel()
            raise ClientGone from None
        finally:
            watch.cancel()


async def _cancel_when_gone(receive: Receive, exchange: Exchange, serving: "asyncio.Task[object]") -> None:
    """What a client has left behind must not keep its place from others."""
    message: Message = {"type": ""}
    while message["type"] != "http.disconnect":
        message = await receive()
    if not exchange.is_answered:
        serving.cancel()


async def _refuse(exchange: Exchange, receive: Receive, problem: Problem) -> None:
    if not exchange.has_begun_to_answer:
        await problem.answer(exchange.request_id)(exchange.scope, receive, exchange.send)


def _tell(exchange: Exchange, *, is_quiet: bool) -> None:
    duration_s = exchange.duration_s
    metrics.request_duration_seconds.labels(route=exchange.route, status=str(exchange.status)).observe(duration_s)
    if not is_quiet:
        with bound(exchange.request_id):
            why = {"why": exchange.why} if exchange.why else {}
            get_logger().info(
                "request",
                route=exchange.route,
                status=exchange.status,
                duration_ms=round(duration_s * 1000, 2),
                **why,
            )
