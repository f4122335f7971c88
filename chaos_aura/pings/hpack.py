"""HTTP/2 header blocks (RFC 7541) without a dynamic table: we announce one of size 0, so all answers are literal."""

from collections.abc import Iterable

from chaos_aura.pings.cursor import Cursor, as_text
from chaos_aura.pings.huffman import unhuffed
from chaos_aura.pings.refusal import Garbled

LITERAL_WITHOUT_INDEXING = b"\0"
HUFFMAN = MORE_FOLLOW = 0x80
WHOLLY_STATIC, INDEXED, TABLE_SIZE = 0x80, 0x40, 0x20
STATIC_ENTRIES = 61


def packed_headers(headers: Iterable[tuple[str, str]]) -> bytes:
    return b"".join(LITERAL_WITHOUT_INDEXING + _packed_text(name) + _packed_text(value) for name, value in headers)


def unpacked_headers(block: bytes) -> dict[str, str]:
    """Those with a name of their own. What the static table names (`:status`, `content-type`) is left out."""
    cursor = Cursor(block)
    headers: dict[str, str] = {}
    while not cursor.at_end:
        first = cursor.unsigned(1)
        if first & WHOLLY_STATIC:
            _require_static(_number(cursor, first, 7))
        elif first & INDEXED:
            _literal(cursor, _number(cursor, first, 6), headers)
        elif first & TABLE_SIZE:
            _number(cursor, first, 5)
        else:
            _literal(cursor, _number(cursor, first, 4), headers)
    return headers


def _literal(cursor: Cursor, index: int, headers: dict[str, str]) -> None:
    if index:
        _require_static(index)
        _text(cursor)
    else:
        name = _text(cursor)
        headers[name] = _text(cursor)


def _require_static(index: int) -> None:
    if not 1 <= index <= STATIC_ENTRIES:
        raise Garbled("its headers refer to a table that it may not use")


def _text(cursor: Cursor) -> str:
    first = cursor.unsigned(1)
    data = cursor.take(_number(cursor, first, 7))
    return unhuffed(data) if first & HUFFMAN else as_text(data)


def _number(cursor: Cursor, first: int, bits: int) -> int:
    most = (1 << bits) - 1
    low = first & most
    return low if low < most else most + cursor.varint()


def _packed_text(text: str) -> bytes:
    data = text.encode()
    most = 0x7F
    if len(data) < most:
        return bytes((len(data),)) + data
    return bytes((most,)) + _packed_varint(len(data) - most) + data


def _packed_varint(number: int) -> bytes:
    packed = b""
    while number >= MORE_FOLLOW:
        packed += bytes((number & 0x7F | MORE_FOLLOW,))
        number >>= 7
    return packed + bytes((number,))
