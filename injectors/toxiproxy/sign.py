"""What a round trip must show while a fault is in force, fixed before it is injected."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from injectors.toxiproxy.exchange import Exchange, Outcome


class Shown(StrEnum):
    LATE = "late"  # no whole answer in a time in which it always came
    SWALLOWED = "swallowed"  # the same, and the connection may have ended meanwhile
    REFUSED = "refused"
    RESET = "reset"
    CUT_SHORT = "cut_short"  # ended within the answer
    LATE_END = "late_end"  # answered, but the connection does not end
    NOTHING = "nothing"  # what is done is too fine, or the edge is hurt too much already: reading back must do


_OUTCOMES = {
    Shown.LATE: frozenset({Outcome.SILENT}),
    Shown.SWALLOWED: frozenset({Outcome.SILENT, Outcome.ENDED, Outcome.RESET}),
    Shown.REFUSED: frozenset({Outcome.REFUSED}),
    Shown.RESET: frozenset({Outcome.RESET}),
    Shown.CUT_SHORT: frozenset({Outcome.ENDED, Outcome.RESET}),
}


@dataclass(frozen=True, slots=True)
class Sign:
    """`why_not` says why nothing can be shown."""

    shown: Shown
    size: int = 0
    within_ms: float = 0.0
    why_not: str = ""

    def is_in(self, exchange: Exchange) -> bool:
        if self.shown is Shown.LATE_END:
            return exchange.outcome is Outcome.ANSWERED and exchange.end_ms < 0
        return exchange.outcome in _OUTCOMES.get(self.shown, ())

    def words(self, exchange: Exchange) -> str:
        if self.shown is not Shown.LATE_END or exchange.outcome is not Outcome.ANSWERED:
            return str(exchange)
        if exchange.end_ms < 0:
            return f"connection not ended {self.within_ms:.1f} ms after it was closed"
        return f"connection ended {exchange.end_ms:.1f} ms after it was closed"

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "shown": self.shown.value}

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> "Sign":
        return cls(Shown(row["shown"]), int(row["size"]), float(row["within_ms"]), str(row["why_not"]))
