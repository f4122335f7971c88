"""How long work tells what it is doing. The command line draws it; tests collect it."""

from typing import Protocol


class Progress(Protocol):
    """An item is a short name for a person, such as `neo4j` or `toxiproxy`. Called from several threads.

    `done_bytes` is all that is done of `total_bytes`, not the step since the last call; it falls when a part
    is fetched again from its start. An item that fails or is interrupted is not ended: the error tells.
    """

    def begin(self, item: str, doing: str, total_bytes: int | None = None) -> None: ...

    def advance(self, item: str, done_bytes: int) -> None: ...

    def end(self, item: str, done: str) -> None: ...


class Silent:
    """Says nothing."""

    def begin(self, item: str, doing: str, total_bytes: int | None = None) -> None:
        pass

    def advance(self, item: str, done_bytes: int) -> None:
        pass

    def end(self, item: str, done: str) -> None:
        pass
