"""Neo4j tells its time: one query over Bolt. What is asked is always the same, so it is written out in bytes."""

from injectors.clock.conversation import Conversation, Garbled

_MAGIC = bytes.fromhex("6060b017")
_FROM_5_3_TO_5_8 = bytes((0, 5, 8, 5)) + bytes(12)
_NAME = b"\x8achaos-aura"  # a text of 10 letters
_HELLO = (
    b"\xb1\x01\xa2"
    b"\x8auser_agent" + _NAME + b"\x8abolt_agent\xa1\x87product" + _NAME
)  # fmt: skip
_LOGON = b"\xb1\x6a\xa1\x86scheme\x84none"
_RUN = b"\xb3\x10\xd0\x12RETURN timestamp()\xa0\xa0"
_PULL = b"\xb1\x3f\xa1\x81n\xff"
_GOODBYE = b"\xb0\x02"
_RECORD_OF_ONE_INTEGER = b"\xb1\x71\x91\xcb"
_FAILURE = b"\xb1\x7f"
_ANSWERS_BEFORE_IT = 3  # to HELLO, LOGON, RUN
_MS = 1000


def told_over_bolt(talk: Conversation) -> float:
    talk.say(_MAGIC + _FROM_5_3_TO_5_8)
    if (agreed := talk.hear(4)) == bytes(4):
        raise Garbled("it speaks no Bolt between 5.3 and 5.8")
    if agreed[3] != _FROM_5_3_TO_5_8[3]:
        raise Garbled(f"the handshake was answered with {agreed!r}")
    talk.say(b"".join(map(_chunk, (_HELLO, _LOGON, _RUN, _PULL))))
    for _ in range(_ANSWERS_BEFORE_IT):
        _message(talk)
    record = _message(talk)
    if not record.startswith(_RECORD_OF_ONE_INTEGER):
        raise Garbled(f"the time was answered with {record[:40]!r}")
    talk.say(_chunk(_GOODBYE))
    return int.from_bytes(record[len(_RECORD_OF_ONE_INTEGER) :], "big") / _MS


def _chunk(message: bytes) -> bytes:
    return len(message).to_bytes(2, "big") + message + bytes(2)


def _message(talk: Conversation) -> bytes:
    message = b""
    while (size := int.from_bytes(talk.hear(2), "big")) or not message:
        message += talk.hear(size)  # an empty chunk before a message only keeps the connection alive
    if message.startswith(_FAILURE):
        raise Garbled(f"it refused: {message[:200]!r}")
    return message
