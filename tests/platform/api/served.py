"""The API's own server around a little application, on a real socket, and a client that says any bytes it likes."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from chaos_aura.platform.api.connection import Connection
from chaos_aura.platform.api.front import Front
from chaos_aura.platform.api.server import Server, bound_socket

WITHIN_S = 60.0


class Impatient(Connection):
    head_within_s = 0.3


@dataclass(frozen=True)
class Answered:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    @property
    def error(self) -> dict[str, Any]:
        """Checks that it has the one shape of all errors."""
        assert set(self.document) == {"error"}, self.document
        error: dict[str, Any] = self.document["error"]
        assert {"reason", "message"} <= set(error) <= {"reason", "message", "field", "request_id"}
        assert error["request_id"] == self.headers["x-request-id"]
        assert "Traceback" not in error["message"]
        return error


@dataclass
class Served:
    port: int
    server: Server
    ending: asyncio.Event
    serving: "asyncio.Task[None]"

    @asynccontextmanager
    async def client(self, said: bytes = b"") -> "AsyncIterator[RawClient]":
        """What is `said`, at most some KiB, is there before the server takes the connection and its patience begins."""
        connection = socket.create_connection(("127.0.0.1", self.port))
        connection.sendall(said)
        connection.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=connection)
        try:
            yield RawClient(reader, writer)
        finally:
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()

    async def answer(self, request: bytes) -> Answered:
        async with self.client() as client:
            client.say(request)
            return await client.answer()

    async def end(self) -> None:
        self.ending.set()
        async with asyncio.timeout(WITHIN_S):
            await self.serving


@dataclass
class RawClient:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def say(self, data: bytes) -> None:
        self.writer.write(data)

    async def answer(self) -> Answered:
        async with asyncio.timeout(WITHIN_S):
            head = await self.reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").strip().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            body = await self.reader.readexactly(int(headers["content-length"]))
        return Answered(int(first.split()[1]), headers, body)

    async def is_closed(self) -> bool:
        """Ended by the server, with nothing more said."""
        async with asyncio.timeout(WITHIN_S):
            try:
                return await self.reader.read(1) == b""
            except ConnectionResetError:
                return True


@asynccontextmanager
async def served(
    app: ASGIApp, *, drain_s: int = 10, connection: type[Connection] = Connection, **front: Any
) -> AsyncIterator[Served]:
    listening = bound_socket("127.0.0.1", 0)
    port = listening.getsockname()[1]
    front = {"is_crowded": lambda: False, "body_within_s": WITHIN_S, **front}
    server = Server(Front(app, **front), drain_s=drain_s, connection=connection)
    ending = asyncio.Event()
    one = Served(port, server, ending, asyncio.create_task(server.serve_until(ending, listening)))
    try:
        async with asyncio.timeout(WITHIN_S):
            while not server.started:
                await asyncio.sleep(0.01)
        yield one
    finally:
        await one.end()


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Tells how much it was sent."""
    message = await receive()
    await JSONResponse({"path": scope["path"], "bytes": len(message["body"])})(scope, receive, send)


def request(line: str = "GET / HTTP/1.1", *headers: str, body: bytes = b"") -> bytes:
    length = [f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([line, "Host: x", *headers, *length, "", ""]).encode("latin-1") + body
