"""Temporal: HTTP/2 settings that set nothing; each is acknowledged by a frame as long as itself."""

from typing import ClassVar

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_SETTINGS, _ACK = 4, 1
_HEADER_BYTES = 9
_EMPTY_SETTINGS = bytes((0, 0, 0, _SETTINGS, 0, 0, 0, 0, 0))


class Temporal:
    most_bytes: ClassVar[int] = 9_000

    def question(self, size: int) -> bytes:
        return _PREFACE + _EMPTY_SETTINGS * _frames(size)

    def is_whole(self, answer: bytes, size: int) -> bool:
        return _acknowledged(answer) >= _frames(size)


def _frames(size: int) -> int:
    return 1 + size // _HEADER_BYTES


def _acknowledged(answer: bytes) -> int:
    found = position = 0
    while position + _HEADER_BYTES <= len(answer):
        payload = int.from_bytes(answer[position : position + 3], "big")
        kind, flags = answer[position + 3], answer[position + 4]
        position += _HEADER_BYTES + payload
        found += position <= len(answer) and kind == _SETTINGS and bool(flags & _ACK)
    return found
