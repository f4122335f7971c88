"""One thing that a tenant or a canary asked for, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

ALLOCATE, RELEASE, CANARY = "allocate", "release", "canary"


class Outcome(StrEnum):
    OK = "ok"
    FAIL = "fail"  # it certainly did not happen
    INFO = "info"  # nobody knows


@dataclass(frozen=True, slots=True)
class Operation:
    """Of the monotonic clock in nanoseconds: when it was meant to begin, began, and was over.

    An operation without an outcome is still under way, or whoever recorded it died: it counts as one that nobody knows.
    `asked` is what was asked for, `answered` what came back: `{"gpu_ids": ["a100-0"]}`, `{"why": "no_capacity"}`.
    """

    id: str
    what: str
    by: str
    due_ns: int
    invoked_ns: int
    ended_ns: int | None = None
    outcome: Outcome | None = None
    asked: Mapping[str, Any] = field(default_factory=dict)
    answered: Mapping[str, Any] = field(default_factory=dict)

    @property
    def why(self) -> str:
        """Of one that did not end well: `no_capacity`, `unavailable`, `timeout`."""
        return str(self.answered.get("why", ""))

    @property
    def request_id(self) -> str:
        """Names the request and its allocation in every store; several tries of one request share it."""
        return str(self.asked.get("request_id", self.id))

    @property
    def gpu_ids(self) -> tuple[str, ...]:
        """Of one that was granted."""
        return tuple(map(str, self.answered.get("gpu_ids", ())))

    def latency_s(self, until_ns: int) -> float:
        """From when it was meant to begin; of one that was under way at that time, so far."""
        return (min(until_ns if self.ended_ns is None else self.ended_ns, until_ns) - self.due_ns) / 1e9
