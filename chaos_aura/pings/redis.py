"""Redis: PING and INFO in one round trip of RESP."""

from chaos_aura.core.address import Address
from chaos_aura.pings.cursor import as_text
from chaos_aura.pings.pong import Pong
from chaos_aura.pings.refusal import Garbled, Refused
from chaos_aura.pings.wire import Wire, connected

PING_AND_INFO = b"*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nINFO\r\n$6\r\nserver\r\n"
LONGEST_SIZE = 10  # digits


def ping(address: Address, timeout_s: float) -> Pong:
    with connected("redis", address, timeout_s) as wire:
        wire.send(PING_AND_INFO)
        detail = _reply(wire)
        if detail != "PONG":
            raise Garbled(f"PING was answered with {detail[:40]!r}")
        version = _version(_reply(wire))
        return Pong(wire.elapsed_s, version, detail)


def _reply(wire: Wire) -> str:
    line = as_text(wire.read_line())
    kind, rest = line[:1], line[1:]
    if kind == "-":
        raise Refused(rest)
    if kind == "+":
        return rest
    if kind == "$" and len(rest) <= LONGEST_SIZE and rest.isascii() and rest.isdigit():
        return as_text(wire.read_exactly(int(rest) + 2)[:-2])
    raise Garbled(f"its answer starts with {line[:40]!r}")


def _version(info: str) -> str:
    for line in info.splitlines():
        name, _, value = line.partition(":")
        if name == "redis_version":
            return value
    raise Garbled("INFO does not tell redis_version")
