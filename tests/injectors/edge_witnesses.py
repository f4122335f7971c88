"""Whether edges are really hurt, told by Toxiproxy to a plain client, and seen by who uses them. For `Case.hurts`."""

import socket
import time
from contextlib import suppress
from urllib.error import URLError

import proxies
from witnesses import Witness

from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import Edge, Target
from chaos_aura.stack.running import RunningStack

_LOOKS = 20
_PROMPT_AGAIN_WITHIN_S = 30.0
_PROMPT_S = 0.09  # less than the slowness that is asked for
_ECHOED = b"x" * 20_000  # more than what limits data lets through, and long at a throttled rate


def edges_are_hurt(stack: RunningStack, target: Target) -> Witness:
    """All of them or none: Toxiproxy tells so, and for those of Redis a conversation through each shows it."""
    edges = [target] if isinstance(target, Edge) else list(stack.catalogue.edges_into(target.name))

    def hurts() -> bool:
        try:
            told = proxies.proxies(stack)
        except URLError as cause:
            if isinstance(cause.reason, ConnectionRefusedError):
                return False
            raise
        hurt = {edge.name: bool(told[edge.name]["toxics"]) or not told[edge.name]["enabled"] for edge in edges}
        seen = {
            edge.name: not _is_prompt(edge.address, 0.0 if hurt[edge.name] else _PROMPT_AGAIN_WITHIN_S)
            for edge in edges
            if edge.service == "redis"
        }
        assert seen.items() <= hurt.items(), f"Toxiproxy tells of {hurt}, through the edges is seen {seen}"
        assert len(set(hurt.values())) == 1, f"some are hurt: {hurt}"
        return all(hurt.values())

    return hurts


def _is_prompt(address: Address, within_s: float) -> bool:
    """Some looks may have met a busy machine: there are many, and where it should be prompt, for so long."""
    ends_s, looks = time.monotonic() + within_s, 0
    while looks < _LOOKS or time.monotonic() < ends_s:
        looks += 1
        if _is_prompt_once(address):
            return True
    return False


def _is_prompt_once(address: Address) -> bool:
    """All of an answer, and the end of the connection, seen before any fault that is asked for lets them come."""
    asked = b"*2\r\n$4\r\nECHO\r\n$%d\r\n%s\r\n*1\r\n$4\r\nQUIT\r\n" % (len(_ECHOED), _ECHOED)
    due, ends_s = b"$%d\r\n%s\r\n+OK\r\n" % (len(_ECHOED), _ECHOED), time.monotonic() + _PROMPT_S
    heard = b""
    with suppress(OSError), socket.create_connection((address.host, address.port), _PROMPT_S) as connection:
        connection.sendall(asked)
        while (left_s := ends_s - time.monotonic()) > 0:
            connection.settimeout(left_s)
            if not (part := connection.recv(65_536)):
                return heard == due and time.monotonic() < ends_s
            heard += part
    return False
