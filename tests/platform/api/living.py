"""How long an answer takes of the API's own time: what a machine that stands still adds to it does not count."""

import asyncio
import time
from typing import Any

import httpx

_LOOK_EVERY_S = 0.05
_A_LOOK_AT_MOST_S = 0.25  # a longer one met a process that was kept waiting


def answer_and_its_time(url: str, method: str, path: str, document: Any = None) -> tuple[httpx.Response, float]:
    """In seconds during which the API was alive: it is looked at again and again until it has answered."""
    return asyncio.run(_asked(url, method, path, document))


async def _asked(url: str, method: str, path: str, document: Any) -> tuple[httpx.Response, float]:
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        answer = asyncio.create_task(client.request(method, path, json=document))
        lived_s = 0.0
        while not answer.done():
            before_s = time.monotonic()
            await asyncio.wait({answer}, timeout=_LOOK_EVERY_S)
            assert (await client.get("/healthz")).status_code == 200
            lived_s += min(time.monotonic() - before_s, _A_LOOK_AT_MOST_S)
        return await answer, lived_s
