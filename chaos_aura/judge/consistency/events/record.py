"""What a judge of events is given: records, the range they are from, and which allocations are meant."""

from dataclasses import dataclass
from typing import NamedTuple


class Record(NamedTuple):
    """Sample: (2, 1841, 1795266629922, b"r-1", b'{"event_id": "r-1:allocation.requested", ...}')"""

    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Span:
    """What is read of a partition: from `begin` up to, and without, `end`.

    `is_whole`: no allocation that is meant can have begun before it. Else it may have, but not one that was asked for
    at `since_ms` or later; None is the time of the first record.
    """

    begin: int
    end: int
    is_whole: bool = True
    since_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Which allocations are meant: those whose id begins so, or is just this. All, when neither is given."""

    prefix: str = ""
    only: str = ""

    @property
    def is_all(self) -> bool:
        return not (self.prefix or self.only)

    def may_mean(self, record: Record) -> bool:
        """Without reading it: of most records it is soon known that they are not meant."""
        word = (self.only or self.prefix).encode()
        return word in (record.key or b"") or word in (record.value or b"")

    def means(self, *names: str) -> bool:
        if self.only:
            return self.only in names
        return any(name.startswith(self.prefix) for name in names)
