"""Redis tells its time: TIME, in RESP."""

from injectors.clock.conversation import Conversation, Garbled

_TIME = b"*1\r\n$4\r\nTIME\r\n"


def told_by_redis(talk: Conversation) -> float:
    talk.say(_TIME)
    if (head := talk.hear_line()) != b"*2":
        raise Garbled(f"TIME was answered with {head[:40]!r}")
    seconds, microseconds = _number(talk), _number(talk)
    return seconds + microseconds / 1e6


def _number(talk: Conversation) -> int:
    if not talk.hear_line().startswith(b"$"):
        raise Garbled("TIME was answered with no text")
    return int(talk.hear_line())
