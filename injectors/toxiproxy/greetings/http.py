"""HTTP/1.1: HEAD of a page that says whether all is well, as often as the size asks for, one after another."""

from typing import ClassVar

_ONE = b"HEAD /healthz HTTP/1.1\r\nHost: chaos-aura\r\nUser-Agent: chaos-aura\r\nAccept: application/json\r\n\r\n"
_END = b"\r\n\r\n"


class Http:
    most_bytes: ClassVar[int] = 1_600  # each request costs the server a fraction of a millisecond

    def question(self, size: int) -> bytes:
        return _ONE * _requests(size)

    def is_whole(self, answer: bytes, size: int) -> bool:
        """Whatever its status: headers alone answer HEAD. Short ones must not be taken for a long answer."""
        return answer.count(_END) >= _requests(size) and len(answer) >= size


def _requests(size: int) -> int:
    return 1 + size // len(_ONE)
