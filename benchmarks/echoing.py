"""`python echoing.py`: an API that grants whatever is asked for, at once. It says its port on its output.

One thread, no framework: what it costs must not be taken for what the load costs.
"""

import asyncio
import json
import sys
from contextlib import suppress
from typing import Any

import orjson
import uvloop

_MANY = 1_000_000
_GPUS = {"total": dict.fromkeys(("t4", "v100", "a100", "h100"), _MANY), "free": {}, "holders": []}


def answer(method: bytes, path: bytes, body: bytes) -> tuple[bytes, bytes]:
    """Status line and document, as the API would word them."""
    if method == b"POST":
        asked = orjson.loads(body)
        document = {"state": "granted", "grant": {"gpu_ids": [f"{asked['gpu_type']}-0"]}, "request": asked}
        return b"201 Created", orjson.dumps(document)
    if path == b"/gpus":
        return b"200 OK", orjson.dumps(_GPUS)
    return b"200 OK", b'{"status": "ready"}'


class Echo(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._unread = b""

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while (end := self._unread.find(b"\r\n\r\n")) >= 0:
            head = self._unread[:end]
            where = head.find(b"Content-Length: ")
            length = int(head[where + 16 :].partition(b"\r\n")[0]) if where >= 0 else 0
            if len(self._unread) < end + 4 + length:
                return
            body, self._unread = self._unread[end + 4 : end + 4 + length], self._unread[end + 4 + length :]
            method, path, _ = head.split(b" ", 2)
            status, document = answer(method, path, body)
            self._transport.write(
                b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
                % (status, len(document), document)
            )


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0, backlog=2048)
    sys.stdout.write(json.dumps({"port": server.sockets[0].getsockname()[1]}) + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)  # until whoever started it closes that


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        uvloop.run(serve())
