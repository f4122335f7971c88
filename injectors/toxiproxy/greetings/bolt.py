"""Neo4j: the handshake of Bolt; where size matters, a query for one text, which comes back."""

from typing import ClassVar

_HANDSHAKE = bytes.fromhex("6060b017") + bytes((0, 5, 8, 5)) + bytes(12)  # 5.3 to 5.8, and no other proposal
_AGREEMENT_BYTES = 4
_HELLO, _LOGON, _RUN, _PULL = 0x01, 0x6A, 0x10, 0x3F
_FAILURE = 0x7F
_ANSWERS = 5  # HELLO, LOGON, RUN, the one record, PULL
_ALL = b"\xff"  # minus one
_TINY = 16


class Bolt:
    most_bytes: ClassVar[int] = 4_000  # before the log-on has been answered, the server takes no more than 8 KiB

    def question(self, size: int) -> bytes:
        return _HANDSHAKE + _query(size) if size else _HANDSHAKE

    def is_whole(self, answer: bytes, size: int) -> bool:
        if not size:
            return len(answer) >= _AGREEMENT_BYTES
        messages = _messages(answer[_AGREEMENT_BYTES:])
        return len(messages) >= _ANSWERS or any(message[1:2] == bytes((_FAILURE,)) for message in messages)


def _query(size: int) -> bytes:
    agent = _map(_text(b"user_agent"), _text(b"chaos-aura"), _text(b"bolt_agent"), _map(_text(b"product"), _text(b"x")))
    return (
        _message(_HELLO, agent)
        + _message(_LOGON, _map(_text(b"scheme"), _text(b"none")))
        + _message(_RUN, _text(b"RETURN $x"), _map(_text(b"x"), _text(b"x" * size)), _map())
        + _message(_PULL, _map(_text(b"n"), _ALL))
    )


def _text(text: bytes) -> bytes:
    return (bytes((0x80 | len(text),)) if len(text) < _TINY else b"\xd1" + len(text).to_bytes(2, "big")) + text


def _map(*keys_and_values: bytes) -> bytes:
    return bytes((0xA0 | len(keys_and_values) // 2,)) + b"".join(keys_and_values)


def _message(tag: int, *fields: bytes) -> bytes:
    """In one chunk, ended by an empty one."""
    message = bytes((0xB0 | len(fields), tag)) + b"".join(fields)
    return len(message).to_bytes(2, "big") + message + bytes(2)


def _messages(answer: bytes) -> list[bytes]:
    """Those that are complete."""
    found, message, position = [], b"", 0
    while position + 2 <= len(answer):
        size = int.from_bytes(answer[position : position + 2], "big")
        position += 2 + size
        if size and position <= len(answer):
            message += answer[position - size : position]
        elif not size and message:
            found.append(message)
            message = b""
    return found
