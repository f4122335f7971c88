"""How a request is decided: rules that need no opinion, then the council's majority, then a rule for when it has none.

A majority is two votes that agree. Where there are fewer than two votes, or two that disagree, the fallback rule
decides, and the decision says so: approved when the priority is not low, or when at least a quarter of that type stays
free after it.
"""

from collections.abc import Iterable

from chaos_aura.platform.council.ballot import Ballot
from chaos_aura.platform.model import (
    AllocationRequest,
    ContextWindow,
    DecidedBy,
    Decision,
    Outcome,
    Priority,
    Quote,
    RefusalReason,
    Vote,
)
from chaos_aura.platform.pool.availability import Availability
from chaos_aura.platform.pricing import affordable

MAJORITY = 2
# A quarter, in whole GPUs: so many times what stays free is at least all of them.
STAYS_FREE_PART = 4


def ruled_out(
    request: AllocationRequest, quote: Quote, availability: Availability, now_ms: int, window: ContextWindow
) -> Decision | None:
    """The refusal for which no council has to be asked, where there is one."""
    gpu_type = request.gpu_type
    free, total = availability.free_of(gpu_type), availability.total_of(gpu_type)
    if request.count > free:
        why = f"{request.count} {gpu_type} asked, {free} of {total} free"
        return _ruled_out(quote, window, now_ms, RefusalReason.NO_CAPACITY, why)
    affordability = affordable(request, quote)
    if not affordability:
        return _ruled_out(quote, window, now_ms, RefusalReason.OVER_BUDGET, affordability.why_not)
    return None


def decide(  # noqa: PLR0917 - its facts are six
    request: AllocationRequest,
    quote: Quote,
    availability: Availability,
    ballot: Ballot,
    window: ContextWindow,
    now_ms: int,
) -> Decision:
    """Of any request, also of one that the rules refuse."""
    if ruled := ruled_out(request, quote, availability, now_ms, window):
        return ruled
    approving = [vote for vote in ballot.votes if vote.approves]
    refusing = [vote for vote in ballot.votes if not vote.approves]
    if max(len(approving), len(refusing)) >= MAJORITY:
        approves, decided_by = len(approving) >= MAJORITY, DecidedBy.MAJORITY
        detail = _majority_told(ballot, refusing if approves else approving, approves=approves)
    else:
        approves, why = _fallback(request, availability)
        decided_by, detail = DecidedBy.FALLBACK, f"{_no_majority_told(ballot)}; fallback rule: {why}"
    return Decision(
        outcome=Outcome.APPROVED if approves else Outcome.REFUSED,
        decided_by=decided_by,
        detail=detail,
        quote=quote,
        decided_at_ms=now_ms,
        reason=None if approves else RefusalReason.COUNCIL_SAID_NO,
        votes=ballot.votes,
        absent=dict(ballot.absent),
        context_source=window.source,
        context_size=len(window.decisions),
    )


def _ruled_out(quote: Quote, window: ContextWindow, now_ms: int, reason: RefusalReason, why: str) -> Decision:
    return Decision(
        outcome=Outcome.REFUSED,
        decided_by=DecidedBy.RULES,
        detail=why,
        quote=quote,
        decided_at_ms=now_ms,
        reason=reason,
        context_source=window.source,
        context_size=len(window.decisions),
    )


def _fallback(request: AllocationRequest, availability: Availability) -> tuple[bool, str]:
    gpu_type = request.gpu_type
    total = availability.total_of(gpu_type)
    left = availability.free_of(gpu_type) - request.count
    if request.priority is not Priority.LOW:
        return True, f"approved, the priority is {request.priority}"
    if left * STAYS_FREE_PART >= total:
        return True, f"approved, {left} of {total} {gpu_type} stay free, at least a quarter"
    return False, f"refused, the priority is low and only {left} of {total} {gpu_type} stay free, less than a quarter"


def _majority_told(ballot: Ballot, outvoted: list[Vote], *, approves: bool) -> str:
    agreeing = len(ballot.votes) - len(outvoted)
    told = f"{agreeing} of {len(ballot.votes)} votes {'approve' if approves else 'refuse'}"
    if outvoted:
        told += f", against {_named(vote.agent for vote in outvoted)}"
    return told + _absent_told(ballot)


def _no_majority_told(ballot: Ballot) -> str:
    match len(ballot.votes):
        case 0:
            told = "nobody voted"
        case 1:
            told = f"only {ballot.votes[0].agent} voted"
        case _:
            told = f"{_named(vote.agent for vote in ballot.votes)} disagree"
    return told + _absent_told(ballot)


def _absent_told(ballot: Ballot) -> str:
    return f"; absent: {_named(sorted(ballot.absent))}" if ballot.absent else ""


def _named(agents: Iterable[str]) -> str:
    return ", ".join(agents)
