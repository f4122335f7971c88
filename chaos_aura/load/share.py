"""Which part of a load one process carries: arrivals are dealt out in turn, so that all of them see every phase."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from chaos_aura.core.boot import boot_id

_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Share:
    """The `index`-th of `of`. `began_at` is of the wall clock, for other machines: they share no better one."""

    index: int
    of: int
    began_ns: int
    began_at: float
    boot: str

    @classmethod
    def alone(cls, begins_in_s: float) -> "Share":
        return cls(0, 1, time.monotonic_ns() + int(begins_in_s * _NS), time.time() + begins_in_s, boot_id())

    def dealt(self, index: int, of: int) -> "Share":
        """One of several that begin at the same time."""
        return replace(self, index=index, of=of)

    @property
    def began_here_ns(self) -> int:
        """By this machine's monotonic clock."""
        if self.boot == boot_id():
            return self.began_ns
        return time.monotonic_ns() + int((self.began_at - time.time()) * _NS)

    @property
    def writer(self) -> str:
        return f"w{self.index + 1}"

    def part[T](self, things: list[T]) -> list[T]:
        return things[self.index :: self.of]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> "Share":
        return cls(**row)
