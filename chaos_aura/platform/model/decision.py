"""What was decided of a request, by whom, and at what price."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from chaos_aura.platform.model.context import ContextSource


class Outcome(StrEnum):
    APPROVED = "approved"
    REFUSED = "refused"


class RefusalReason(StrEnum):
    NO_CAPACITY = "no_capacity"
    OVER_BUDGET = "over_budget"
    COUNCIL_SAID_NO = "council_said_no"
    CANCELLED = "cancelled"  # by its tenant, or by an operator, before it was granted
    FAILED = "failed"  # the platform could not carry it out; whatever it had taken has gone back


class DecidedBy(StrEnum):
    RULES = "rules"  # capacity and budget: nobody has to be asked
    MAJORITY = "majority"  # of the council
    FALLBACK = "fallback"  # too few agents voted


@dataclass(frozen=True, slots=True)
class Quote:
    """A price with all discounts taken off. `discounts` names them: `("spot 30 %", "8 or more 10 %")`."""

    hourly_usd: float
    total_usd: float
    discounts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Vote:
    agent: str
    approves: bool
    confidence: float  # 0.5 to 1
    reasoning: str


@dataclass(frozen=True, slots=True)
class Decision:
    outcome: Outcome
    decided_by: DecidedBy
    detail: str  # one sentence for people
    quote: Quote
    decided_at_ms: int
    reason: RefusalReason | None = None
    votes: tuple[Vote, ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict)  # agent: why it has no vote
    context_source: ContextSource = ContextSource.NONE
    context_size: int = 0
