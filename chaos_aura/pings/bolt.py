"""Neo4j: one Cypher query over Bolt."""

from chaos_aura.core.address import Address
from chaos_aura.pings.packstream import Structure, Value, packed_message, unpacked
from chaos_aura.pings.pong import Pong
from chaos_aura.pings.refusal import Garbled, Refused
from chaos_aura.pings.wire import MOST_BYTES, Wire, connected

MAGIC = bytes.fromhex("6060b017")
MAJOR, NEWEST_MINOR, MINORS_BELOW = 5, 8, 5
# Of four proposals three are empty. From 5.3 to 5.8 the messages of a ping are the same.
PROPOSALS = bytes((0, MINORS_BELOW, NEWEST_MINOR, MAJOR)) + bytes(12)

HELLO, LOGON, RUN, PULL, GOODBYE = 0x01, 0x6A, 0x10, 0x3F, 0x02
SUCCESS, RECORD, FAILURE = 0x70, 0x71, 0x7F

AGENT = "chaos-aura"
QUERY = "RETURN 1"


def ping(address: Address, timeout_s: float) -> Pong:
    with connected("neo4j", address, timeout_s) as wire:
        bolt = _agreed_version(wire)
        wire.send(_questions())
        version = _server(_success(wire))  # HELLO
        _success(wire)  # LOGON
        _success(wire)  # RUN
        if _message(wire, RECORD).fields != [[1]]:
            raise Garbled(f"{QUERY} was not answered with 1")
        _success(wire)  # PULL
        pong = Pong(wire.elapsed_s, version, f"{QUERY} over Bolt {bolt}")
        wire.send(_chunked(packed_message(GOODBYE)))
        return pong


def _agreed_version(wire: Wire) -> str:
    wire.send(MAGIC + PROPOSALS)
    answer = wire.read_exactly(4)
    if answer == bytes(4):
        raise Refused("it speaks no Bolt between 5.3 and 5.8")
    if answer[:2] != bytes(2) or answer[3] != MAJOR:
        raise Garbled(f"the handshake was answered with {answer!r}")
    return f"{MAJOR}.{answer[2]}"


def _questions() -> bytes:
    messages = (
        packed_message(HELLO, {"user_agent": AGENT, "bolt_agent": {"product": AGENT}}),
        packed_message(LOGON, {"scheme": "none"}),
        packed_message(RUN, QUERY, {}, {"mode": "r"}),
        packed_message(PULL, {"n": -1}),
    )
    return b"".join(map(_chunked, messages))


def _chunked(message: bytes) -> bytes:
    return len(message).to_bytes(2, "big") + message + bytes(2)


def _server(metadata: dict[str, Value]) -> str:
    """`2026.08.1` of `Neo4j/2026.08.1`"""
    server = metadata.get("server")
    if not isinstance(server, str):
        raise Garbled("HELLO was answered without the server's version")
    return server.removeprefix("Neo4j/")


def _success(wire: Wire) -> dict[str, Value]:
    fields = _message(wire, SUCCESS).fields
    if len(fields) != 1 or not isinstance(fields[0], dict):
        raise Garbled("a SUCCESS carries no map")
    return fields[0]


def _message(wire: Wire, expected: int) -> Structure:
    message = unpacked(_unchunked(wire))
    if not isinstance(message, Structure):
        raise Garbled("a message is not a structure")
    if message.tag == FAILURE:
        raise Refused(_reason(message))
    if message.tag != expected:
        raise Garbled(f"message 0x{message.tag:02x} came where 0x{expected:02x} should")
    return message


def _unchunked(wire: Wire) -> bytes:
    message = b""
    while True:
        size = int.from_bytes(wire.read_exactly(2), "big")
        if size:
            message += wire.read_exactly(size)
        elif message:
            return message
        # An empty chunk before a message only keeps the connection alive.
        if len(message) > MOST_BYTES:
            raise Garbled("a message does not end")


def _reason(failure: Structure) -> str:
    details = failure.fields[0] if failure.fields else None
    if not isinstance(details, dict):
        return "a failure without a reason"
    code = details.get("neo4j_code", details.get("code"))
    return f"{details.get('message')!s} ({code!s})"
