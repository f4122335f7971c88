"""Where something listens."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Address:
    """`127.0.0.1:21200`"""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"
