"""PackStream: each marker of the specification, both ways, and bytes that are none."""

import math
import struct

import pytest

from chaos_aura.pings.packstream import Packable, Structure, Value, packed, packed_message, unpacked
from chaos_aura.pings.refusal import Garbled

LONG = "0123456789abcdef"
SPECIFIED: list[tuple[str, Value]] = [
    ("c0", None),
    ("c2", False),
    ("c3", True),
    ("00", 0),
    ("7f", 127),
    ("f0", -16),
    ("ff", -1),
    ("c8 80", -128),
    ("c8 ef", -17),
    ("c9 ff 7f", -129),
    ("c9 7f ff", 32_767),
    ("ca 80 00 00 00", -(2**31)),
    ("cb 7f ff ff ff ff ff ff ff", 2**63 - 1),
    ("c1 3f f3 ae 14 7a e1 47 ae", 1.23),
    ("c1 ff f0 00 00 00 00 00 00", -math.inf),
    ("cc 00", b""),
    ("cc 03 01 02 03", b"\1\2\3"),
    ("cd 00 01 07", b"\7"),
    ("ce 00 00 00 01 07", b"\7"),
    ("80", ""),
    ("81 41", "A"),
    ("88 47 72 c3 b6 c3 9f 65 21", "Größe!"),
    ("d0 10" + LONG.encode().hex(), LONG),
    ("d1 00 01 41", "A"),
    ("d2 00 00 00 01 41", "A"),
    ("90", []),
    ("93 01 c0 81 41", [1, None, "A"]),
    ("d4 01 91 02", [[2]]),
    ("d5 00 01 01", [1]),
    ("d6 00 00 00 01 01", [1]),
    ("a0", {}),
    ("a2 81 41 01 81 42 a0", {"A": 1, "B": {}}),
    ("d8 01 81 41 01", {"A": 1}),
    ("d9 00 01 81 41 01", {"A": 1}),
    ("da 00 00 00 01 81 41 01", {"A": 1}),
    ("b1 70 a0", Structure(0x70, [{}])),
    ("b3 4e 01 90 a0", Structure(0x4E, [1, [], {}])),
]


@pytest.mark.parametrize(("data", "value"), SPECIFIED)
def test_every_marker_is_read(data: str, value: Value) -> None:
    read = unpacked(bytes.fromhex(data))
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize("value", ["", "A", LONG, "ü" * 100, 0, -1, 2**63 - 1, {}, {"a": {"b": 1}, "c": "d"}])
def test_what_is_written_is_read_again(value: Packable) -> None:
    assert unpacked(packed(value)) == value


def test_a_map_of_many_entries_is_read_again() -> None:
    many = {f"key {number}": number for number in range(200)}
    assert unpacked(packed(many)) == many


def test_a_message() -> None:
    assert packed_message(0x3F, {"n": -1}) == bytes.fromhex("b1 3f a1 81 6e cb") + struct.pack(">q", -1)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("", "ends where 1 more bytes"),
        ("82 41", "ends where 2 more bytes"),
        ("92 01", "ends where 1 more bytes"),
        ("d6 ff ff ff ff", "ends where 1 more bytes"),
        ("81 ff", "not UTF-8"),
        ("a1 01 01", "a key that is not text"),
        ("a1 90 01", "a key that is not text"),
        ("c4", "no value starts with the byte 0xc4"),
        ("df", "no value starts with the byte 0xdf"),
        ("01 01", "bytes follow the end"),
        ("91" * 5_000, "nested deeper than 100"),
    ],
)
def test_bytes_that_are_no_value(data: str, why: str) -> None:
    with pytest.raises(Garbled, match=why):
        unpacked(bytes.fromhex(data))
