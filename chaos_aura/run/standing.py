"""How a run stands just now: what is told of it while it goes on."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple


class Phase(StrEnum):
    """In the order in which a run goes through them."""

    PREFLIGHT = "preflight"
    HYPOTHESIS = "hypothesis"
    BASELINE = "baseline"
    FAULT = "fault"
    RECOVERY = "recovery"
    JUDGING = "judging"
    ROLLBACK = "rollback"
    OVER = "over"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    Phase.PREFLIGHT: "seeing that everything is there",
    Phase.HYPOTHESIS: "asking whether the system is well",
    Phase.BASELINE: "measuring how it usually is",
    Phase.FAULT: "it is hurt, and tenants go on asking",
    Phase.RECOVERY: "the faults are ended; watching until it is well again",
    Phase.JUDGING: "concluding from what was recorded",
    Phase.ROLLBACK: "putting back what is left to put back",
    Phase.OVER: "the run is over",
}


class FaultNow(NamedTuple):
    """`FaultNow("stop neo4j", "in force", 8.2)`"""

    text: str
    state: str
    for_s: float


class LoadNow(NamedTuple):
    rate_per_s: float
    under_way: int


class Standing(NamedTuple):
    """What nobody could say is None. `success_rate` (0 to 1) and `p95_s` are of the last seconds."""

    phase: Phase
    since_s: float
    at_most_s: float | None = None
    faults: tuple[FaultNow, ...] = ()
    load: LoadNow | None = None
    success_rate: float | None = None
    p95_s: float | None = None
    breakers: Mapping[str, str] = MappingProxyType({})
    health: Mapping[str, bool | None] = MappingProxyType({})
    note: str = ""

    @property
    def sentence(self) -> str:
        """Without a load there are no tenants."""
        return "it is hurt" if self.phase is Phase.FAULT and self.load is None else self.phase.sentence
