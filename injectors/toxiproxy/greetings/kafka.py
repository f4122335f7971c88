"""Kafka: the metadata of a topic whose name no topic can have; the name comes back."""

from typing import ClassVar

_METADATA, _VERSION, _CORRELATION = 3, 4, 1
_CLIENT = b"chaos-aura"
_NO_CREATION = b"\0"


class Kafka:
    most_bytes: ClassVar[int] = 32_000  # a text may have 32,767

    def question(self, size: int) -> bytes:
        topics = (_int(1, 4) + _text(b"?" * size)) if size else _int(0, 4)
        header = _int(_METADATA, 2) + _int(_VERSION, 2) + _int(_CORRELATION, 4) + _text(_CLIENT)
        request = header + topics + _NO_CREATION
        return _int(len(request), 4) + request

    def is_whole(self, answer: bytes, size: int) -> bool:
        return len(answer) >= 4 + int.from_bytes(answer[:4], "big") and len(answer) > size


def _int(number: int, size: int) -> bytes:
    return number.to_bytes(size, "big")


def _text(text: bytes) -> bytes:
    return _int(len(text), 2) + text
