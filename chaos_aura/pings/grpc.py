"""Unary gRPC questions over HTTP/2, all on one connection and sent at once."""

from urllib.parse import unquote

from chaos_aura.core.address import Address
from chaos_aura.pings.cursor import Cursor
from chaos_aura.pings.hpack import packed_headers
from chaos_aura.pings.http2 import Answer, answers, opening, request
from chaos_aura.pings.refusal import Garbled, Refused
from chaos_aura.pings.wire import Wire

OK = "0"


def asked(wire: Wire, address: Address, service: str, questions: dict[str, bytes]) -> dict[str, bytes]:
    """`{"GetSystemInfo": b""}` -> `{"GetSystemInfo": b"\\n\\x061.32.0..."}`: method to message, both ways."""
    streams = dict(zip(range(1, 2 * len(questions), 2), questions, strict=True))
    requests = (
        request(stream, _headers(address, f"/{service}/{method}"), _enveloped(questions[method]))
        for stream, method in streams.items()
    )
    wire.send(opening() + b"".join(requests))
    found = answers(wire, tuple(streams))
    return {method: _message(method, found[stream]) for stream, method in streams.items()}


def _headers(address: Address, path: str) -> bytes:
    return packed_headers(
        (
            (":method", "POST"),
            (":scheme", "http"),
            (":path", path),
            (":authority", str(address)),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
        )
    )


def _enveloped(message: bytes) -> bytes:
    return b"\0" + len(message).to_bytes(4, "big") + message


def _message(method: str, answer: Answer) -> bytes:
    status = answer.headers.get("grpc-status")
    if status is None:
        raise Garbled(f"{method} was answered without a gRPC status")
    if status != OK:
        raise Refused(f"{unquote(answer.headers.get('grpc-message', ''))} ({method}, gRPC status {status})")
    envelope = Cursor(answer.body)
    if envelope.unsigned(1):
        raise Garbled(f"{method} was answered in a compression nobody asked for")
    return envelope.take(envelope.unsigned(4))
