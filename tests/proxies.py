"""The HTTP interface of a stack's Toxiproxy, as a person with `curl` would use it."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.request import Request, urlopen

from chaos_aura.core.address import Address
from chaos_aura.stack.running import RunningStack

_ANSWERS_WITHIN_S = 10


def proxies(stack: RunningStack) -> dict[str, dict[str, Any]]:
    """By name. OSError when Toxiproxy does not answer."""
    return dict(_ask(stack, "GET", "/proxies"))


@contextmanager
def cut(stack: RunningStack, edge: str) -> Iterator[None]:
    """Nothing passes, and what was connected is disconnected."""
    assert _ask(stack, "POST", f"/proxies/{edge}", {"enabled": False})["enabled"] is False
    try:
        yield
    finally:
        assert _ask(stack, "POST", f"/proxies/{edge}", {"enabled": True})["enabled"] is True


@contextmanager
def every_edge_cut(stack: RunningStack, service: str) -> Iterator[None]:
    with ExitStack() as entered:
        for edge in stack.catalogue.edges_into(service):
            entered.enter_context(cut(stack, edge.name))
        yield


@contextmanager
def slowed(stack: RunningStack, edge: str, latency_ms: int) -> Iterator[None]:
    toxic = {"name": "slow", "type": "latency", "attributes": {"latency": latency_ms}}
    _ask(stack, "POST", f"/proxies/{edge}/toxics", toxic)
    try:
        yield
    finally:
        _ask(stack, "DELETE", f"/proxies/{edge}/toxics/slow")


def told_of(stack: RunningStack) -> dict[str, tuple[Address, Address]]:
    """Where each proxy listens and leads, by name, as Toxiproxy tells it."""
    return {
        name: (Address.parse(proxy["listen"]), Address.parse(proxy["upstream"]))
        for name, proxy in proxies(stack).items()
    }


def _ask(stack: RunningStack, method: str, path: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = Request(f"{stack.catalogue.service('toxiproxy').uri}{path}", data, method=method)
    with urlopen(request, timeout=_ANSWERS_WITHIN_S) as answer:
        return json.loads(answer.read() or b"null")
