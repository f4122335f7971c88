"""What every request meets before a route sees it: an id, a bounded body, somebody who notices when its client goes."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from fastapi import FastAPI
from served import WITHIN_S, echo, request, served
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from chaos_aura.platform.api.admission import Lane, Limits
from chaos_aura.platform.api.body import MOST_BYTES
from chaos_aura.platform.api.refusals import add_refusals


def run(main: Coroutine[Any, Any, None]) -> None:
    asyncio.run(main)


def chunked(*chunks: bytes) -> bytes:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


def test_an_answer_bears_the_id_that_was_sent_with_the_request() -> None:
    async def ask() -> None:
        async with served(echo) as one:
            answer = await one.answer(request("GET / HTTP/1.1", "X-Request-Id: mine-1"))
            assert answer.headers["x-request-id"] == "mine-1"

    run(ask())


@pytest.mark.parametrize("unsafe", ["a b", "x" * 129, "é", "a;b", ""])
def test_an_unsafe_id_is_replaced_by_one_of_our_own(unsafe: str) -> None:
    async def ask() -> None:
        async with served(echo) as one:
            answers = [await one.answer(request("GET / HTTP/1.1", f"X-Request-Id: {unsafe}")) for _ in range(2)]
            ids = {answer.headers["x-request-id"] for answer in answers}
            assert len(ids) == 2
            assert unsafe not in ids

    run(ask())


@pytest.mark.parametrize("size", [MOST_BYTES + 1, 300_000, 5_000_000])
def test_a_body_that_is_too_large_is_refused_however_it_is_sent(size: int) -> None:
    async def ask() -> None:
        async with served(echo) as one:
            for sent in (request("POST / HTTP/1.1", body=b"x" * size), chunked(*[b"x" * 1000] * (size // 1000 + 1))):
                async with one.client() as client:
                    client.say(sent)
                    answer = await client.answer()
                assert (answer.status, answer.error["reason"]) == (413, "too_large")

    run(ask())


def test_the_largest_body_is_taken_however_it_is_sent() -> None:
    async def ask() -> None:
        async with served(echo) as one:
            half = b"x" * (MOST_BYTES // 2)
            for sent in (request("POST / HTTP/1.1", body=half + half), chunked(half, half)):
                assert (await one.answer(sent)).document["bytes"] == MOST_BYTES

    run(ask())


def test_a_body_that_does_not_come_is_refused_in_time() -> None:
    async def ask() -> None:
        async with served(echo, body_within_s=0.3) as one, one.client() as client:
            client.say(request("POST / HTTP/1.1", "Content-Length: 100"))
            answer = await client.answer()
            assert (answer.status, answer.error["field"]) == (408, "body")
            assert await client.is_closed()

    run(ask())


def test_a_failure_inside_is_told_by_its_id_and_explained_in_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    async def fails(scope: Scope, receive: Receive, send: Send) -> None:
        raise ZeroDivisionError("the secret of the house")

    async def ask() -> None:
        async with served(fails) as one:
            answer = await one.answer(request("GET / HTTP/1.1", "X-Request-Id: mine-2"))
            assert (answer.status, answer.error["reason"]) == (500, "internal")
            assert "mine-2" in answer.error["message"]
            assert b"secret" not in answer.body

    run(ask())
    said = capsys.readouterr().out
    assert "the secret of the house" in said
    assert "mine-2" in said


def test_a_failure_in_a_route_is_told_in_the_same_shape(capsys: pytest.CaptureFixture[str]) -> None:
    app = FastAPI()
    add_refusals(app, [])

    @app.get("/gpus")
    async def fails() -> None:
        raise ZeroDivisionError("the secret of the house")

    async def ask() -> None:
        async with served(app) as one:
            answer = await one.answer(request("GET /gpus HTTP/1.1"))
            assert (answer.status, answer.error["reason"]) == (500, "internal")
            assert b"secret" not in answer.body

    run(ask())
    assert "the secret of the house" in capsys.readouterr().out


def test_a_failure_in_the_middle_of_an_answer_cuts_it_off() -> None:
    async def fails_late(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"10")]})
        raise ZeroDivisionError

    async def ask() -> None:
        async with served(fails_late) as one, one.client() as client:
            client.say(request())
            with pytest.raises(asyncio.IncompleteReadError):
                await client.answer()

    run(ask())


@pytest.mark.parametrize("waits", [False, True], ids=["admitted", "in the queue"])
def test_a_client_that_goes_away_gives_its_place_back(waits: bool) -> None:
    lane = Lane("allocations", Limits(in_flight=1, queue=5, wait_s=60))

    async def stays(scope: Scope, receive: Receive, send: Send) -> None:
        async with lane.place():
            await asyncio.Event().wait()

    async def come_and_go() -> None:
        async with served(stays) as one, one.client() as client:
            async with one.client() as leaving:
                for each in (client, leaving) if waits else (leaving,):
                    each.say(request("POST / HTTP/1.1", body=b"x"))
                    await _becomes(lambda: lane.in_flight == 1)
                await _becomes(lambda: lane.waiting == int(waits))
            await _becomes(lambda: (lane.in_flight, lane.waiting) == (int(waits), 0))

    run(come_and_go())


async def _becomes(condition: Any) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not condition():
            await asyncio.sleep(0.005)


def test_at_the_end_those_who_are_served_are_answered_and_nobody_else_comes_in() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def waits(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        await go_on.wait()
        await JSONResponse({"done": True})(scope, receive, send)

    async def end() -> None:
        async with served(waits) as one, one.client() as client, one.client() as idle:
            client.say(request())
            await begun.wait()
            one.ending.set()
            assert await idle.is_closed()
            with pytest.raises(ConnectionRefusedError):
                async with one.client():
                    pass
            go_on.set()
            answer = await client.answer()
            assert (answer.status, answer.headers["connection"]) == (200, "close")
            await one.end()

    run(end())


def test_at_the_end_a_request_that_never_ends_is_told_to_ask_again() -> None:
    begun = asyncio.Event()

    async def never(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        await asyncio.Event().wait()

    async def end() -> None:
        async with served(never, drain_s=1) as one, one.client() as client:
            client.say(request())
            await begun.wait()
            await one.end()
            answer = await client.answer()
            assert (answer.status, answer.error["reason"]) == (503, "ending")
            assert await client.is_closed()

    run(end())


def test_the_log_has_a_line_for_each_request_but_not_for_machines_that_watch(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def ask() -> None:
        async with served(echo) as one:
            for path in ("/healthz", "/gpus"):
                await one.answer(request(f"GET {path} HTTP/1.1", f"X-Request-Id: id{path.replace('/', '-')}"))

    run(ask())
    lines = [line for line in capsys.readouterr().out.splitlines() if "request" in line]
    assert len(lines) == 1
    assert "200" in lines[0]
