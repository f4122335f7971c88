"""Protobuf's wire format, as far as a ping writes and reads it."""

from collections.abc import Iterator

from chaos_aura.pings.cursor import Cursor
from chaos_aura.pings.refusal import Garbled

VARINT, EIGHT_BYTES, SIZED, FOUR_BYTES = 0, 1, 2, 5


def small_number(number: int, value: int) -> bytes:
    """Field and value below 16 and 128: one byte each."""
    return bytes((number << 3 | VARINT, value))


def short_text(number: int, value: str) -> bytes:
    return bytes((number << 3 | SIZED, len(value))) + value.encode()


def sized_fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of each string, bytes and message field; the others are passed over."""
    cursor = Cursor(message)
    while not cursor.at_end:
        number, kind = divmod(cursor.varint(), 8)
        if kind == SIZED:
            yield number, cursor.take(cursor.varint())
        elif kind == VARINT:
            cursor.varint()
        elif kind in (EIGHT_BYTES, FOUR_BYTES):
            cursor.take(8 if kind == EIGHT_BYTES else 4)
        else:
            raise Garbled(f"a message field is of the unknown kind {kind}")
