"""Clients that are slow, garbled or too many: each is told so where it can be told, and costs nobody else anything."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from served import WITHIN_S, Impatient, Served, echo, request, served
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from chaos_aura.platform.api.connection import Connection

KIB = 1024


class Few(Connection):
    most_connections = 3


def run(main: Coroutine[Any, Any, None]) -> None:
    asyncio.run(main)


async def still_serves(one: Served) -> None:
    async with one.client(request()) as client:
        assert (await client.answer()).status == 200


@pytest.mark.parametrize(
    ("first_bytes", "is_told"), [(b"", True), (b"GET / HT", True), (b"GET / HTTP/1.1\r\nX: y", True)]
)
def test_who_never_says_what_it_wants_is_closed(first_bytes: bytes, is_told: bool) -> None:
    async def wait() -> None:
        async with served(echo, connection=Impatient) as one, one.client(first_bytes) as slow:
            answer = await slow.answer()
            assert (answer.status, answer.error["reason"]) == (408, "too_slow")
            assert await slow.is_closed()
            await still_serves(one)

    run(wait())


def test_an_idle_connection_is_kept_after_an_answer() -> None:
    async def ask_twice() -> None:
        async with served(echo, connection=Impatient) as one, one.client(request()) as client:
            assert (await client.answer()).status == 200
            await asyncio.sleep(2 * Impatient.head_within_s)  # longer than a head may take
            client.say(request())
            assert (await client.answer()).status == 200

    run(ask_twice())


def test_a_head_that_is_whole_and_too_long_is_refused() -> None:
    async def ask() -> None:
        async with served(echo) as one:
            answer = await one.answer(request("GET / HTTP/1.1", f"X: {'y' * 20 * KIB}"))
            assert (answer.status, answer.error["field"]) == (431, "headers")
            answer = await one.answer(request(f"GET /{'y' * 20 * KIB} HTTP/1.1"))
            assert answer.status == 431
            await still_serves(one)

    run(ask())


def test_a_head_that_never_ends_is_refused_before_it_fills_the_memory() -> None:
    async def go_on() -> None:
        async with served(echo) as one, one.client() as client:
            client.say(b"GET / HTTP/1.1\r\nX: ")
            answer = asyncio.create_task(client.answer())
            said = 0
            while not answer.done():
                client.say(b"y" * KIB)
                said += KIB
                await client.writer.drain()
                await asyncio.sleep(0.001)
            assert (await answer).status == 431
            assert said < 1024 * KIB

    run(go_on())


def test_a_long_body_does_not_count_as_head() -> None:
    async def ask() -> None:
        async with served(echo) as one, one.client() as client:
            whole = request("POST / HTTP/1.1", body=b"x" * 16 * KIB)
            for _ in range(3):
                client.say(whole)
                assert (await client.answer()).document["bytes"] == 16 * KIB

    run(ask())


def test_requests_that_are_sent_ahead_are_answered_in_order() -> None:
    async def ask() -> None:
        async with served(echo) as one, one.client() as client:
            client.say(b"".join(request(f"POST /{number} HTTP/1.1", body=b"x" * 9000) for number in range(20)))
            assert [(await client.answer()).document["path"] for _ in range(20)] == [f"/{n}" for n in range(20)]

    run(ask())


def test_a_head_that_begins_behind_a_long_body_may_be_finished_later() -> None:
    async def ask() -> None:
        async with served(echo) as one, one.client() as client:
            second = request("GET /second HTTP/1.1")
            client.say(request("POST /first HTTP/1.1", body=b"x" * 16 * KIB) + second[:10])
            assert (await client.answer()).document["path"] == "/first"
            client.say(second[10:])
            assert (await client.answer()).document["path"] == "/second"

    run(ask())


@pytest.mark.parametrize(
    "garbled",
    [b"GARBAGE\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\nX y\r\n\r\n"],
)
def test_what_is_no_http_is_refused_in_the_shape_of_all_errors(garbled: bytes) -> None:
    async def ask() -> None:
        async with served(echo) as one, one.client() as client:
            client.say(garbled)
            answer = await client.answer()
            assert (answer.status, answer.error["reason"]) == (400, "not_http")
            assert await client.is_closed()
            await still_serves(one)

    run(ask())


def test_garbage_after_a_request_is_not_told_as_the_answer_to_it() -> None:
    """Whoever reads a 400 takes it that nothing has happened."""

    async def ask() -> None:
        begun = asyncio.Event()

        async def never(scope: Scope, receive: Receive, send: Send) -> None:
            begun.set()
            await asyncio.Event().wait()

        async with served(never) as one, one.client() as client:
            client.say(request("POST / HTTP/1.1", body=b"x"))
            await begun.wait()
            client.say(b"GARBAGE\r\n\r\n")
            assert await client.is_closed()

    run(ask())


def test_more_connections_than_can_be_kept_are_dropped_and_the_others_served() -> None:
    async def connect() -> None:
        async with served(echo, connection=Few) as one:
            async with one.client() as first, one.client() as second, one.client() as third:
                clients = (first, second, third)
                for client in clients:
                    client.say(request())
                    assert (await client.answer()).status == 200
                async with one.client() as surplus:
                    assert await surplus.is_closed()
                for client in clients:
                    client.say(request())
                    assert (await client.answer()).status == 200
            await _all_gone(one)
            await still_serves(one)

    run(connect())


async def _all_gone(one: Served) -> None:
    async with asyncio.timeout(WITHIN_S):
        while one.server.connection_count:
            await asyncio.sleep(0.01)


def test_a_crowd_is_told_to_come_again_while_machines_still_see_that_it_lives() -> None:
    async def alive(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("alive")(scope, receive, send)

    async def ask() -> None:
        async with served(alive, is_crowded=lambda: True) as one:
            answer = await one.answer(request("GET /gpus HTTP/1.1"))
            assert (answer.status, answer.error["reason"]) == (503, "overloaded")
            assert int(answer.headers["retry-after"]) >= 1
            assert answer.headers["connection"] == "close"
            assert (await one.answer(request("GET /healthz HTTP/1.1"))).status == 200

    run(ask())
