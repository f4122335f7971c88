"""The API's body: serve until told to end, then let those finish who are being served."""

import asyncio

from chaos_aura.platform.api.app import make_app
from chaos_aura.platform.api.build import made_services
from chaos_aura.platform.api.connection import Connection
from chaos_aura.platform.api.front import Front
from chaos_aura.platform.api.server import Server, bound_socket
from chaos_aura.platform.observe import Observer
from chaos_aura.platform.settings import Settings

# Above the longest wait of an answer, below the patience of whoever ends this process.
_DRAIN_S = 8
_CROWDED = Connection.most_connections * 3 // 4


async def serve(settings: Settings, observer: Observer, ending: asyncio.Event) -> None:
    async with made_services(settings, observer) as services:
        front = Front(make_app(services), is_crowded=lambda: server.connection_count > _CROWDED)
        server = Server(front, drain_s=_DRAIN_S)
        await server.serve_until(ending, bound_socket(settings.listen_host, settings.listen_port))
