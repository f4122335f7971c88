"""The health server over real sockets: its three pages, and clients that behave badly."""

import asyncio
import json
import random
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from chaos_aura.platform import health_server
from chaos_aura.platform.health_server import HealthServer
from chaos_aura.stack.ports import choose

_METRICS = (b"up 1\n", "text/plain; version=1.0.0")


async def _ready() -> tuple[bool, dict[str, object]]:
    return True, {"kafka": "closed"}


async def _not_ready() -> tuple[bool, dict[str, object]]:
    return False, {"kafka": "open"}


async def _broken() -> tuple[bool, dict[str, object]]:
    raise OSError("no such thing")


async def _never() -> tuple[bool, dict[str, object]]:
    await asyncio.Event().wait()
    raise AssertionError


@asynccontextmanager
async def _serving(
    readiness: Callable[[], Awaitable[tuple[bool, dict[str, object]]]] = _ready, metrics: bytes = _METRICS[0]
) -> AsyncIterator[HealthServer]:
    server = HealthServer("127.0.0.1", 0, readiness, lambda: (metrics, _METRICS[1]))
    await server.start()
    try:
        yield server
    finally:
        await server.close()


async def _asked(port: int, sent: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers, body. The connection must be closed by the server.

    It is sent before the server can look: a test that is held up in between would be a slow client.
    """
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(sent)
    reader, writer = await asyncio.open_connection(sock=client)
    try:
        answer = await asyncio.wait_for(reader.read(), 20)
    finally:
        writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return int(first.split(" ")[1]), dict(line.split(": ", 1) for line in lines), body


def _get(path: str, method: str = "GET") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode()


def test_three_pages() -> None:
    async def scene() -> None:
        async with _serving() as server:
            before_s = time.time()
            status, _, body = await _asked(server.port, _get("/healthz"))
            assert (status, json.loads(body)["status"]) == (200, "alive")
            assert before_s <= json.loads(body)["now"] <= time.time()
            status, headers, body = await _asked(server.port, _get("/readyz?verbose=1"))
            assert (status, json.loads(body)) == (200, {"kafka": "closed"})
            assert headers["Content-Type"] == "application/json"
            status, headers, body = await _asked(server.port, _get("/metrics"))
            assert (status, body, headers["Content-Type"]) == (200, *_METRICS)

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("readiness", "told"), [(_not_ready, {"kafka": "open"}), (_broken, {"error": "OSError: no such thing"})]
)
def test_not_ready_says_why(
    readiness: Callable[[], Awaitable[tuple[bool, dict[str, object]]]], told: dict[str, object]
) -> None:
    async def scene() -> None:
        async with _serving(readiness) as server:
            status, _, body = await _asked(server.port, _get("/readyz"))
            assert (status, json.loads(body)) == (503, told)
            assert (await _asked(server.port, _get("/healthz")))[0] == 200

    asyncio.run(scene())


def test_readiness_that_never_answers_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_server, "_READINESS_S", 0.05)

    async def scene() -> None:
        async with _serving(_never) as server:
            status, _, body = await _asked(server.port, _get("/readyz"))
            assert (status, json.loads(body)) == (503, {"error": "no readiness within 0.05 s"})

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (_get("/elsewhere"), 404),
        (_get("/healthz", "POST"), 405),
        (b"nonsense\r\n\r\n", 400),
        (b"\xff\xfe \x00 \x01\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nX: " + b"x" * 40_000 + b"\r\n\r\n", 431),
        (b"x" * 40_000, 431),
    ],
)
def test_bad_requests_get_their_status(sent: bytes, status: int) -> None:
    async def scene() -> None:
        async with _serving() as server:
            assert (await _asked(server.port, sent))[0] == status
            assert (await _asked(server.port, _get("/healthz")))[0] == 200

    asyncio.run(scene())


def test_head_has_no_body() -> None:
    async def scene() -> None:
        async with _serving() as server:
            status, headers, body = await _asked(server.port, _get("/metrics", "HEAD"))
            assert (status, body, headers["Content-Length"]) == (200, b"", str(len(_METRICS[0])))

    asyncio.run(scene())


def test_slow_client_is_told_and_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_server, "_CLIENT_S", 0.05)

    async def scene() -> None:
        async with _serving() as server:
            assert (await _asked(server.port, b"GET /healthz HT"))[0] == 408

    asyncio.run(scene())


def test_client_that_does_not_take_its_answer_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_server, "_CLIENT_S", 0.05)

    async def scene() -> None:
        async with _serving(metrics=b"x" * 50_000_000) as server:
            with socket.create_connection(("127.0.0.1", server.port)) as deaf:
                deaf.setblocking(False)
                await asyncio.get_running_loop().sock_sendall(deaf, _get("/metrics"))
                async with asyncio.timeout(20):
                    while not server.talks:
                        await asyncio.sleep(0)
                    while server.talks:
                        await asyncio.sleep(0.01)

    asyncio.run(scene())


def test_many_idle_clients_do_not_keep_others_out_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_server, "_CLIENT_S", 0.3)

    async def scene() -> None:
        async with _serving() as server:
            idle = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(100)]
            try:
                async with asyncio.timeout(20):
                    while not await _is_alive(server.port):
                        await asyncio.sleep(0.05)
            finally:
                for _, writer in idle:
                    writer.close()

    asyncio.run(scene())


async def _is_alive(port: int) -> bool:
    try:
        return (await _asked(port, _get("/healthz")))[0] == 200
    except (OSError, ValueError, IndexError):
        return False


def test_close_ends_conversations_and_frees_the_port() -> None:
    async def scene(port: int) -> None:
        first, again = (HealthServer("127.0.0.1", port, _ready, lambda: _METRICS) for _ in range(2))
        await first.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.timeout(20):
            while not first.talks:  # the kernel may tell the client sooner than the server
                await asyncio.sleep(0)
        await first.close()
        assert await reader.read() == b""
        writer.close()
        await again.start()
        await again.close()

    reserved = choose(1, random.Random())  # one that the kernel gives to nobody in the meantime
    try:
        asyncio.run(scene(*reserved.ports))
    finally:
        reserved.release()


def test_taken_port_is_an_error() -> None:
    async def scene() -> None:
        async with _serving() as server:
            second = HealthServer("127.0.0.1", server.port, _ready, lambda: _METRICS)
            with pytest.raises(OSError, match="in use"):
                await second.start()
            await second.close()

    asyncio.run(scene())
