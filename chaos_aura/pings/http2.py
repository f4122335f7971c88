"""As much of HTTP/2 without TLS as a few small questions on one connection need (RFC 9113)."""

from chaos_aura.pings.cursor import Cursor
from chaos_aura.pings.hpack import unpacked_headers
from chaos_aura.pings.refusal import Garbled, Refused
from chaos_aura.pings.wire import MOST_BYTES, Wire

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
ACK = END_STREAM = 0x1
END_HEADERS, PADDED, PRIORITY = 0x4, 0x8, 0x20

CONNECTION = 0
MOST_FRAME_BYTES = 16_384
LARGEST_WINDOW = (1 << 31) - 1
WINDOW_AT_FIRST = 65_535
HEADER_TABLE_SIZE, ENABLE_PUSH, INITIAL_WINDOW_SIZE = 1, 2, 4


class Answer:
    def __init__(self) -> None:
        self.headers: dict[str, str] = {}  # those of the trailers too
        self.body = b""
        self.ended = False


def opening() -> bytes:
    """Preface and settings; the windows are opened so wide that no answer waits for an update of them."""
    settings = ((HEADER_TABLE_SIZE, 0), (ENABLE_PUSH, 0), (INITIAL_WINDOW_SIZE, LARGEST_WINDOW))
    payload = b"".join(name.to_bytes(2, "big") + value.to_bytes(4, "big") for name, value in settings)
    widening = (LARGEST_WINDOW - WINDOW_AT_FIRST).to_bytes(4, "big")
    return PREFACE + frame(SETTINGS, 0, CONNECTION, payload) + frame(WINDOW_UPDATE, 0, CONNECTION, widening)


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def request(stream: int, header_block: bytes, body: bytes) -> bytes:
    return frame(HEADERS, END_HEADERS, stream, header_block) + frame(DATA, END_STREAM, stream, body)


def answers(wire: Wire, streams: tuple[int, ...]) -> dict[int, Answer]:
    """Reads until each of the streams has ended."""
    found = {stream: Answer() for stream in streams}
    while not all(answer.ended for answer in found.values()):
        kind, flags, stream, payload = _frame(wire)
        if stream in found:
            _continue(found[stream], kind, flags, payload)
        elif kind in (SETTINGS, PING) and not flags & ACK:
            wire.send(frame(kind, ACK, CONNECTION, payload if kind == PING else b""))
        elif kind == GOAWAY:
            raise Refused(f"it is closing the connection: {_goodbye(payload)}")
    return found


def _frame(wire: Wire) -> tuple[int, int, int, bytes]:
    head = Cursor(wire.read_exactly(9))
    size, kind, flags, stream = head.unsigned(3), head.unsigned(1), head.unsigned(1), head.unsigned(4)
    if size > MOST_FRAME_BYTES:
        raise Garbled(f"it announces a frame of {size} bytes")
    return kind, flags, stream & LARGEST_WINDOW, wire.read_exactly(size)


def _continue(answer: Answer, kind: int, flags: int, payload: bytes) -> None:
    if kind == RST_STREAM:
        raise Refused(f"it reset the stream with code {int.from_bytes(payload, 'big')}")
    if kind == CONTINUATION or (kind == HEADERS and not flags & END_HEADERS):
        raise Garbled("its headers come in pieces")
    if kind not in (DATA, HEADERS):
        return
    content = _unpadded(kind, flags, payload)
    if kind == HEADERS:
        answer.headers |= unpacked_headers(content)
    else:
        answer.body += content
    if len(answer.body) > MOST_BYTES:
        raise Garbled("its answer does not end")
    answer.ended = bool(flags & END_STREAM)


def _unpadded(kind: int, flags: int, payload: bytes) -> bytes:
    cursor = Cursor(payload)
    padding = cursor.unsigned(1) if flags & PADDED else 0
    priority = len(cursor.take(5)) if kind == HEADERS and flags & PRIORITY else 0
    return cursor.take(len(payload) - padding - priority - (1 if flags & PADDED else 0))


def _goodbye(payload: bytes) -> str:
    code, words = payload[4:8], payload[8:]
    return words.decode(errors="replace") or f"code {int.from_bytes(code, 'big')}"
