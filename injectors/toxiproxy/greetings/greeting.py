"""What a greeting is."""

from typing import ClassVar, Protocol


class Greeting(Protocol):
    """The question is at least `size` bytes long, and so is the whole answer. It changes nothing in the server."""

    most_bytes: ClassVar[int]  # larger ones take the server itself so long that they show nothing

    def question(self, size: int) -> bytes: ...

    def is_whole(self, answer: bytes, size: int) -> bool: ...
