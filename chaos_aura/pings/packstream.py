"""PackStream, the value format of Bolt: all of it to read, and what a ping sends to write."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from chaos_aura.pings.cursor import Cursor
from chaos_aura.pings.refusal import Garbled

type Value = bool | int | float | str | bytes | list[Value] | dict[str, Value] | Structure | None
type Packable = int | str | Mapping[str, Packable]

DEEPEST = 100
TINY = 16


class Structure(NamedTuple):
    """`Structure(0x70, [{"server": "Neo4j/2026.08.1"}])`: a SUCCESS message"""

    tag: int
    fields: list[Value]


def packed(value: Packable) -> bytes:
    if isinstance(value, str):
        data = value.encode()
        return _packed_size(len(data), tiny=0x80, sized=0xD0) + data
    if isinstance(value, int):
        return b"\xcb" + value.to_bytes(8, "big", signed=True)
    entries = b"".join(packed(key) + packed(entry) for key, entry in value.items())
    return _packed_size(len(value), tiny=0xA0, sized=0xD8) + entries


def packed_message(tag: int, *fields: Packable) -> bytes:
    return bytes((0xB0 + len(fields), tag)) + b"".join(map(packed, fields))


def unpacked(data: bytes) -> Value:
    cursor = Cursor(data)
    value = _value(cursor, 0)
    if not cursor.at_end:
        raise Garbled("bytes follow the end of a message")
    return value


def _packed_size(size: int, tiny: int, sized: int) -> bytes:
    if size < TINY:
        return bytes((tiny + size,))
    return bytes((sized,)) + size.to_bytes(1, "big")


def _value(cursor: Cursor, depth: int) -> Value:
    if depth > DEEPEST:
        raise Garbled(f"its answer is nested deeper than {DEEPEST}")
    marker = cursor.unsigned(1)
    if marker in CONSTANTS:
        return CONSTANTS[marker]
    if marker in INTEGER_BYTES:
        return cursor.signed(INTEGER_BYTES[marker])
    if marker == FLOAT:
        return cursor.double()
    reader, size = _container(cursor, marker)
    return reader(cursor, size, depth)


def _container(cursor: Cursor, marker: int) -> tuple["Reader", int]:
    if marker & 0xF0 in TINY_READERS:
        return TINY_READERS[marker & 0xF0], marker & 0x0F
    if marker in SIZED_READERS:
        reader, size_bytes = SIZED_READERS[marker]
        return reader, cursor.unsigned(size_bytes)
    raise Garbled(f"no value starts with the byte 0x{marker:02x}")


def _bytes(cursor: Cursor, size: int, depth: int) -> Value:
    return cursor.take(size)


def _text(cursor: Cursor, size: int, depth: int) -> Value:
    return cursor.text(size)


def _list(cursor: Cursor, size: int, depth: int) -> Value:
    return [_value(cursor, depth + 1) for _ in range(size)]


def _map(cursor: Cursor, size: int, depth: int) -> Value:
    entries: dict[str, Value] = {}
    for _ in range(size):
        key = _value(cursor, depth + 1)
        if not isinstance(key, str):
            raise Garbled("a map in its answer has a key that is not text")
        entries[key] = _value(cursor, depth + 1)
    return entries


def _structure(cursor: Cursor, size: int, depth: int) -> Value:
    tag = cursor.unsigned(1)
    return Structure(tag, [_value(cursor, depth + 1) for _ in range(size)])


type Reader = Callable[[Cursor, int, int], Value]

CONSTANTS: dict[int, Value] = {number & 0xFF: number for number in range(-16, 128)}
CONSTANTS |= {0xC0: None, 0xC2: False, 0xC3: True}
FLOAT = 0xC1
INTEGER_BYTES = {0xC8: 1, 0xC9: 2, 0xCA: 4, 0xCB: 8}
TINY_READERS: dict[int, Reader] = {0x80: _text, 0x90: _list, 0xA0: _map, 0xB0: _structure}
SIZED_READERS: dict[int, tuple[Reader, int]] = {
    first + step: (reader, 1 << step)
    for first, reader in ((0xCC, _bytes), (0xD0, _text), (0xD4, _list), (0xD8, _map))
    for step in range(3)
}
