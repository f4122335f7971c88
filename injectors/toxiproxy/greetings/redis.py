"""Redis: PING with a payload, which comes back."""

from typing import ClassVar


class Redis:
    most_bytes: ClassVar[int] = 32_000

    def question(self, size: int) -> bytes:
        return b"*2\r\n$4\r\nPING\r\n$%d\r\n%s\r\n" % (size, b"x" * size)

    def is_whole(self, answer: bytes, size: int) -> bool:
        """A refusal (`-LOADING ...`) is an answer too."""
        if answer.startswith(b"-"):
            return answer.endswith(b"\r\n")
        return len(answer) >= len(b"$%d\r\n\r\n" % size) + size
