"""Whether a server is really hurt, told by plain clients of it, or by the file that it reads. For `Case.hurts`."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import neo4j
import redis
from awaiting import NeverCame, wait_until
from driven_allocations import neo4j_of, redis_of
from standing_reaper import helpers_in
from witnesses import Witness, process_now

from chaos_aura.stack.running import RunningStack

_ANSWERS_WITHIN_S = 60  # one that has just started, on a busy machine
_SAMPLED_S, _LOOK_EVERY_S = 0.5, 0.05
_HEARD_WITHIN_S = 30  # of connections that come or go, by a Redis behind a Toxiproxy, on a busy machine


def is_off(stack: RunningStack, service: str, offset_s: float) -> Witness:
    """Its clock, asked by a plain client."""
    time_of = {"redis": _redis_time, "neo4j": _neo4j_time}.get(service, lambda stack: _page_time(stack, service))

    def hurts() -> bool:
        told_s = _told(stack, service, lambda: time_of(stack))
        return told_s is not None and abs(told_s - time.time()) > abs(offset_s) / 2

    return hurts


def _redis_time(stack: RunningStack) -> float:
    with redis_of(stack) as client:
        return float(client.time()[0])


def _neo4j_time(stack: RunningStack) -> float:
    with neo4j_of(stack) as driver:
        return float(driver.execute_query("RETURN timestamp() AS now").records[0]["now"]) / 1000


def _page_time(stack: RunningStack, service: str) -> float:
    with urlopen(f"http://{stack.catalogue.service(service).address}/healthz", timeout=_ANSWERS_WITHIN_S) as page:
        return float(json.load(page)["now"])


def has_little_memory(stack: RunningStack, limit_mb: int) -> Witness:
    def maxmemory() -> int:
        with redis_of(stack) as client:
            return int(client.config_get("maxmemory")["maxmemory"])

    return lambda: 0 < (_told(stack, "redis", maxmemory) or 0) <= limit_mb << 20


def window_is_missing(stack: RunningStack, key: str) -> Witness:
    return lambda: not _members(stack, key)


def window_is_unreadable(stack: RunningStack, key: str) -> Witness:
    """A decision is JSON; the first member marks the window."""

    def hurts() -> bool:
        try:
            for member in _members(stack, key):
                if not member.startswith(b"window "):
                    json.loads(member)
        except ValueError:
            return True
        return False

    return hurts


def _members(stack: RunningStack, key: str) -> list[bytes]:
    with redis_of(stack) as client:
        members: list[bytes] = client.zrange(key, 0, -1)
        return members


def says(file: Path, what: dict[str, Any]) -> Witness:
    def hurts() -> bool:
        with suppress(FileNotFoundError):
            return what.items() <= json.loads(file.read_text()).items()
        return False

    return hurts


def is_flooded(stack: RunningStack, connections: int) -> Witness:
    """Redis counts those that have never asked for anything. It hears a little late of each, and of its end."""

    def silent() -> int:
        with redis_of(stack) as client:
            return sum(each["cmd"] == "NULL" for each in client.client_list())

    def has_them() -> bool:
        return (_told(stack, "redis", silent) or 0) >= connections

    def hurts() -> bool:
        are_held = bool(helpers_in(stack.project.home))
        with suppress(NeverCame):
            wait_until(lambda: has_them() == are_held, _HEARD_WITHIN_S, "Redis has heard of it")
        ends_s = time.monotonic() + _SAMPLED_S
        while has_them():
            if time.monotonic() > ends_s:
                return True
            time.sleep(_LOOK_EVERY_S)
        return False

    return hurts


def _told[T](stack: RunningStack, service: str, ask: Callable[[], T]) -> T | None:
    """None when it does not run. One that has just started is waited for."""

    def answer() -> tuple[T | None] | None:
        if process_now(stack, service) is None:
            return (None,)
        with suppress(redis.ConnectionError, neo4j.exceptions.ServiceUnavailable, URLError):
            return (ask(),)
        return None

    return wait_until(answer, _ANSWERS_WITHIN_S, f"{service} answers")[0]
