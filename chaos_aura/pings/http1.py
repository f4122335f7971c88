"""As much of HTTP/1.1 as a small JSON API needs: GET, answers with a length or in chunks."""

import json
from typing import NamedTuple

from chaos_aura.core.address import Address
from chaos_aura.pings.cursor import as_text
from chaos_aura.pings.refusal import Garbled, Refused
from chaos_aura.pings.wire import MOST_BYTES, Wire

OK = "200"
MOST_HEADERS = 100
EXCERPT = 200


class Answer(NamedTuple):
    status: str
    reason: str
    body: str


def get_json(wire: Wire, address: Address, path: str) -> object:
    """The wire stays usable for the next request."""
    answer = get(wire, address, path)
    if answer.status != OK:
        raise Refused(f"{answer.status} {answer.reason} for {path}: {' '.join(answer.body.split())[:EXCERPT]}")
    try:
        parsed: object = json.loads(answer.body)
    except (ValueError, RecursionError):
        raise Garbled(f"{path} was not answered with JSON") from None
    return parsed


def get(wire: Wire, address: Address, path: str) -> Answer:
    """Whatever its status."""
    _ask(wire, address, path)
    status, reason = _status(wire)
    return Answer(status, reason, as_text(_body(wire, _headers(wire))))


def get_status(wire: Wire, address: Address, path: str) -> tuple[str, str]:
    """`("200", "OK")`. The page may be anything, of any length: it is not read, and the wire is of no more use."""
    _ask(wire, address, path)
    status, reason = _status(wire)
    _headers(wire)
    return status, reason


def _ask(wire: Wire, address: Address, path: str) -> None:
    wire.send(f"GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: application/json, */*\r\n\r\n".encode())


def _status(wire: Wire) -> tuple[str, str]:
    protocol, _, rest = as_text(wire.read_line()).partition(" ")
    if not protocol.startswith("HTTP/1."):
        raise Garbled(f"its answer starts with {protocol[:40]!r}")
    status, _, reason = rest.partition(" ")
    return status, reason


def _headers(wire: Wire) -> dict[str, str]:
    headers: dict[str, str] = {}
    while line := as_text(wire.read_line()):
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip().lower()
        if len(headers) > MOST_HEADERS:
            raise Garbled("its headers do not end")
    return headers


def _body(wire: Wire, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding") == "chunked":
        return _chunks(wire)
    return wire.read_exactly(_size(headers.get("content-length", ""), 10))


def _chunks(wire: Wire) -> bytes:
    body = b""
    while size := _size(as_text(wire.read_line()).partition(";")[0], 16):
        body += wire.read_exactly(size)
        wire.read_line()
        if len(body) > MOST_BYTES:
            raise Garbled("its answer does not end")
    _headers(wire)  # what may trail the last chunk, and the empty line
    return body


def _size(text: str, base: int) -> int:
    try:
        return int(text, base)
    except ValueError:
        raise Garbled(f"its answer has {text[:40]!r} for a length") from None
