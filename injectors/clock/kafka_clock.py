"""Kafka tells its time: the leader of its quorum dates what it says of itself. Nothing is written.

DescribeQuorum, version 1: of each voter when it last fetched, and of the leader, which fetches from nobody, now.
"""

from injectors.clock.conversation import Conversation, Garbled

_API, _VERSION = 55, 1
_CORRELATION = 1
_CLIENT = b"chaos-aura"
_TOPIC = b"__cluster_metadata"
_NO_TAGS = b"\0"
_MS = 1000


def told_by_kafka(talk: Conversation) -> float:
    talk.say(_sized(_head() + _question()))
    answer = _Answer(talk.hear(int.from_bytes(talk.hear(4), "big")))
    if answer.number(4) != _CORRELATION:
        raise Garbled("its answer belongs to another question")
    answer.skip_tags()
    _check(answer)
    _one(answer, "topic")
    answer.skip(answer.varint() - 1)  # its name
    _one(answer, "partition")
    answer.skip(4)  # its index
    _check(answer)
    leader = answer.number(4)
    answer.skip(4 + 8)  # epoch, high watermark
    return _fetched_ms(answer, leader) / _MS


def _fetched_ms(answer: "_Answer", leader: int) -> int:
    for _ in range(answer.varint() - 1):
        voter = answer.number(4)
        answer.skip(8)  # where its log ends
        fetched_ms = answer.number(8)
        answer.skip(8)  # when it had caught up
        answer.skip_tags()
        if voter == leader:
            return fetched_ms
    raise Garbled("its quorum has no leader")


def _head() -> bytes:
    client = len(_CLIENT).to_bytes(2, "big") + _CLIENT
    return _API.to_bytes(2, "big") + _VERSION.to_bytes(2, "big") + _CORRELATION.to_bytes(4, "big") + client + _NO_TAGS


def _question() -> bytes:
    """Of one topic its first partition. Sizes and counts are one more than they are: 0 would be none at all."""
    partitions = bytes((2,)) + (0).to_bytes(4, "big") + _NO_TAGS
    topics = bytes((2, len(_TOPIC) + 1)) + _TOPIC + partitions + _NO_TAGS
    return topics + _NO_TAGS


def _sized(request: bytes) -> bytes:
    return len(request).to_bytes(4, "big") + request


def _check(answer: "_Answer") -> None:
    if code := answer.number(2):
        raise Garbled(f"error code {code} when asked for its quorum")


def _one(answer: "_Answer", what: str) -> None:
    if (count := answer.varint() - 1) != 1:
        raise Garbled(f"its quorum was told with {count} {what}s")


class _Answer:
    """Read from front to back."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def number(self, size: int) -> int:
        return int.from_bytes(self._take(size), "big", signed=True)

    def varint(self) -> int:
        value, shift = 0, 0
        while True:
            byte = self._take(1)[0]
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:  # noqa: PLR2004 - no bit says that more follows
                return value

    def skip(self, size: int) -> None:
        self._take(size)

    def skip_tags(self) -> None:
        for _ in range(self.varint()):
            self.varint()
            self.skip(self.varint())

    def _take(self, size: int) -> bytes:
        taken = self._content[self._at : self._at + size] if size >= 0 else b""
        if len(taken) != size:
            raise Garbled("its answer ends too early")
        self._at += size
        return taken
