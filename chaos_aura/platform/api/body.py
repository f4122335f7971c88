"""The body of a request: taken whole before anyone looks at it, and no more of it than is reasonable."""

import asyncio

from starlette.types import Message, Receive, Scope

from chaos_aura.platform.api.problem import Problem

MOST_BYTES = 16 * 1024
# What is too large is still taken, up to here: a connection closed on a client that is sending loses the answer.
_MOST_TAKEN_BYTES = 1024 * 1024
_CLOSE = {"Connection": "close"}


class ClientGone(Exception):
    """Nobody is there to be answered."""


async def taken(scope: Scope, receive: Receive, within_s: float) -> bytes:
    """Raises Problem for a body that is too large or too slow, ClientGone for one that will never end."""
    if _announced_bytes(scope) > _MOST_TAKEN_BYTES:
        raise _too_large()
    try:
        async with asyncio.timeout(within_s):
            return await _whole(receive)
    except TimeoutError:
        message = f"the body did not arrive within {within_s:g} s"
        raise Problem(408, "too_slow", message, field="body", headers=_CLOSE) from None


async def _whole(receive: Receive) -> bytes:
    body = bytearray()
    is_whole = False
    while not is_whole:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body += message.get("body", b"")
        is_whole = not message.get("more_body", False)
        if len(body) > (MOST_BYTES if is_whole else _MOST_TAKEN_BYTES):
            raise _too_large()
    return bytes(body)


def _too_large() -> Problem:
    return Problem(413, "too_large", f"the body may have at most {MOST_BYTES} bytes", field="body", headers=_CLOSE)


def _announced_bytes(scope: Scope) -> int:
    return next((int(value) for name, value in scope["headers"] if name == b"content-length"), 0)


def replayed(body: bytes) -> Receive:
    """As if it had just arrived, and nothing after it: who goes away meanwhile is watched for elsewhere."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if not messages:
            await asyncio.Event().wait()
        return messages.pop()

    return receive
