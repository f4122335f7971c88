"""Toxiproxy: its version and its proxies, by its HTTP API."""

from typing import NamedTuple

from chaos_aura.core.address import Address
from chaos_aura.pings.http1 import get_json
from chaos_aura.pings.pong import Pong, counted
from chaos_aura.pings.refusal import Garbled
from chaos_aura.pings.wire import connected


def ping(address: Address, timeout_s: float) -> Pong:
    with connected("toxiproxy", address, timeout_s) as wire:
        version = _version(get_json(wire, address, "/version"))
        detail = _summary(get_json(wire, address, "/proxies"))
        return Pong(wire.elapsed_s, version, detail)


def listening(address: Address, timeout_s: float) -> dict[str, str]:
    """Where each proxy listens, in its own words, disabled or not, by its name: a stranger's may be anything."""
    with connected("toxiproxy", address, timeout_s) as wire:
        answer = get_json(wire, address, "/proxies")
        if not isinstance(answer, dict):
            raise Garbled("/proxies is not an object")
        return {name: _listen_address(proxy) for name, proxy in answer.items()}


class Proxy(NamedTuple):
    """As Toxiproxy sees it: `Proxy("cache", "[::]:16379", "redis:6379")`"""

    name: str
    listen: str
    upstream: str


def proxies(address: Address, timeout_s: float) -> tuple[Proxy, ...]:
    """By name."""
    with connected("toxiproxy", address, timeout_s) as wire:
        answer = get_json(wire, address, "/proxies")
        if not isinstance(answer, dict):
            raise Garbled("/proxies is not an object")
        return tuple(Proxy(name, _listen_address(row), _upstream(row)) for name, row in sorted(answer.items()))


def _upstream(proxy: object) -> str:
    match proxy:
        case {"upstream": str(upstream)}:
            return upstream
    raise Garbled("a proxy does not tell where it leads")


def _listen_address(proxy: object) -> str:
    match proxy:
        case {"listen": str(listen)}:
            return listen
    raise Garbled("a proxy does not tell where it listens")


def _version(answer: object) -> str:
    match answer:
        case {"version": str(version)}:
            return version
    raise Garbled("/version tells no version")


def _summary(answer: object) -> str:
    """`8 proxies, 1 disabled`"""
    if not isinstance(answer, dict):
        raise Garbled("/proxies is not an object")
    disabled = sum(1 for proxy in answer.values() if not _enabled(proxy))
    return f"{counted(len(answer), 'proxy', 'proxies')}, {disabled} disabled"


def _enabled(proxy: object) -> bool:
    match proxy:
        case {"enabled": bool(enabled)}:
            return enabled
    raise Garbled("a proxy does not tell whether it is enabled")
