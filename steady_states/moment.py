"""A moment as results tell it, between two others, in seconds; and whether it is within a limit."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chaos_aura.core.verdict import Judgement, failed, passed, unknown
from steady_states.border import number


@dataclass(frozen=True, slots=True)
class Span:
    """`high_s` is None when it was not over."""

    low_s: float
    high_s: float | None

    @classmethod
    def of(cls, told: Any) -> "Span | None":
        """Of `{"low_s": 1.2, "at_s": 1.3, "high_s": 1.4}`, or of a number that has no error. None is none."""
        if told is None:
            return None
        if not isinstance(told, Mapping):
            return cls(number(told), number(told))
        return cls(number(told["low_s"]), None if told["high_s"] is None else number(told["high_s"]))

    def __str__(self) -> str:
        if self.high_s is None:
            return f"more than {self.low_s:.2f} s"
        if self.low_s == self.high_s:
            return f"{self.low_s:.2f} s"
        return f"{self.low_s:.2f} to {self.high_s:.2f} s"

    def is_at_most(self, limit_s: float, what: str) -> Judgement:
        """UNKNOWN where the limit lies within the error."""
        told = f"{what} {self}, at most {limit_s:g} s"
        if self.low_s > limit_s:
            return failed(told)
        if self.high_s is None or self.high_s > limit_s:
            return unknown(f"{told}: the limit lies within the error")
        return passed(told)
