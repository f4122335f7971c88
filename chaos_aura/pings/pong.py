"""What a ping brings back."""

from typing import NamedTuple


class Pong(NamedTuple):
    """`Pong(latency_s=0.0009, version="7.0.15", detail="PONG")`"""

    latency_s: float  # the operation itself, connection included
    version: str  # as the server itself tells it; "" when its protocol does not tell
    detail: str  # for a person: "1 broker, 3 topics"


def counted(count: int, one: str, many: str = "") -> str:
    """`1 broker`, `3 topics`, `0 proxies`"""
    return f"{count} {one if count == 1 else many or one + 's'}"
