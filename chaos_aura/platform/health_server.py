"""The small HTTP face of a process that serves no tenants: is it alive, is it ready, what does it measure.

One request a connection, GET and HEAD only, standard library only: it must answer while everything else is broken.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from http import HTTPStatus

type Readiness = Callable[[], Awaitable[tuple[bool, dict[str, object]]]]
type Exposition = Callable[[], tuple[bytes, str]]
type _Answer = tuple[HTTPStatus, bytes, str]

_HEAD_LIMIT = 16 * 1024
_CONNECTIONS = 64
_CLIENT_S = 5.0  # to send its request, and again to take the answer
_READINESS_S = 3.0
_JSON = "application/json"


class HealthServer:
    """`/healthz` always 200, with the time by its own clock; `/readyz` 200 or 503 with the reasons as JSON.

    `/metrics` for Prometheus.
    """

    def __init__(self, host: str, port: int, readiness: Readiness, metrics: Exposition) -> None:
        self._address = (host, port)
        self._readiness = readiness
        self._metrics = metrics
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """The real one, also where 0 was asked for. Of a started server only."""
        if self._server is None:
            raise RuntimeError("not started")
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def talks(self) -> int:
        """Conversations under way."""
        return len(self._talks)

    async def start(self) -> None:
        """OSError when the address is taken."""
        host, port = self._address
        self._server = await asyncio.start_server(self._accept, host, port, limit=_HEAD_LIMIT)

    async def close(self) -> None:
        """Answers under way are dropped."""
        if self._server is None:
            return
        self._server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)
        await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._talks) >= _CONNECTIONS:
            writer.transport.abort()
            return
        talk = asyncio.get_running_loop().create_task(self._talk(reader, writer))
        self._talks.add(talk)
        talk.add_done_callback(self._talks.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError):
                await self._converse(reader, writer)
        finally:
            writer.transport.abort()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_CLIENT_S):
                head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return
        except asyncio.LimitOverrunError:
            await _send(writer, _told(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE))
        except TimeoutError:
            await _send(writer, _told(HTTPStatus.REQUEST_TIMEOUT))
        else:
            answer, wants_body = await self._answer(head)
            await _send(writer, answer, wants_body=wants_body)

    async def _answer(self, head: bytes) -> tuple[_Answer, bool]:
        words = head.partition(b"\r\n")[0].decode("latin-1").split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):  # noqa: PLR2004 - method, target, version
            return _told(HTTPStatus.BAD_REQUEST), True
        method, target, _ = words
        if method not in ("GET", "HEAD"):
            return _told(HTTPStatus.METHOD_NOT_ALLOWED), True
        return await self._found(target.partition("?")[0]), method == "GET"

    async def _found(self, path: str) -> _Answer:
        match path:
            case "/healthz":
                return _document(HTTPStatus.OK, {"status": "alive", "now": time.time()})
            case "/readyz":
                return await self._ready()
            case "/metrics":
                body, content_type = self._metrics()
                return HTTPStatus.OK, body, content_type
        return _told(HTTPStatus.NOT_FOUND)

    async def _ready(self) -> _Answer:
        try:
            async with asyncio.timeout(_READINESS_S):
                ready, document = await self._readiness()
        except TimeoutError:
            return _document(HTTPStatus.SERVICE_UNAVAILABLE, {"error": f"no readiness within {_READINESS_S:g} s"})
        except Exception as cause:  # noqa: BLE001 - the border: whoever cannot say that it is ready is not
            return _document(HTTPStatus.SERVICE_UNAVAILABLE, {"error": f"{type(cause).__name__}: {cause}"})
        return _document(HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE, document)


async def _send(writer: asyncio.StreamWriter, answer: _Answer, *, wants_body: bool = True) -> None:
    status, body, content_type = answer
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode("ascii") + (body if wants_body else b""))
    with suppress(TimeoutError):
        async with asyncio.timeout(_CLIENT_S):
            writer.close()  # sends what is written first; a client that does not take it is aborted by the caller
            await writer.wait_closed()


def _told(status: HTTPStatus) -> _Answer:
    return _document(status, {"error": status.phrase.lower()})


def _document(status: HTTPStatus, document: dict[str, object]) -> _Answer:
    return status, json.dumps(document, default=str).encode(), _JSON
