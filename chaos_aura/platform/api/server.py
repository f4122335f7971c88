"""uvicorn as the platform wants it: one process, one socket, ended by us and not by signals of its own."""

import asyncio
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from chaos_aura.platform.api.connection import Connection
from chaos_aura.platform.errors import BadSettings

# Idle connections of tenants are kept for long: each that we close may meet a request on its way.
_KEEP_ALIVE_S = 60
_BACKLOG = 2048


class Server(uvicorn.Server):
    """`drain_s` is what requests under way get when it ends; then they are cut off."""

    def __init__(self, app: ASGIApp, *, drain_s: int, connection: type[Connection] = Connection) -> None:
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # a garbled request is the client's affair
        super().__init__(
            uvicorn.Config(
                app,
                http=connection,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                backlog=_BACKLOG,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=drain_s,
            )
        )

    @property
    def connection_count(self) -> int:
        return len(self.server_state.connections)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """They belong to the process."""
        yield

    async def serve_until(self, ending: asyncio.Event, listening: socket.socket) -> None:
        with listening:
            ender = asyncio.create_task(self._end_at(ending))
            try:
                await self.serve(sockets=[listening])
            finally:
                ender.cancel()

    async def _end_at(self, ending: asyncio.Event) -> None:
        await ending.wait()
        self.should_exit = True


def bound_socket(host: str, port: int) -> socket.socket:
    """BadSettings when the address cannot be listened at."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host.strip("[]"), port))
    except OSError as cause:
        listening.close()
        raise BadSettings(f"{host}:{port}", f"cannot be listened at: {cause.strerror}") from cause
    listening.setblocking(False)
    return listening
