"""The rules that the agents learn: what each would say if it could measure its concern exactly.

A concern is the ratio of what is asked to what is fair: below 1 approves. What happened fades by e in a day.
The priority stretches every limit: low halves it, high doubles it.

- cost: the price against $250 and three times what the tenant usually spends, and all it spent lately against $3,000.
  A tenant who names a budget has thought about the price, which stretches both limits by half.
- fairness: how long the tenant's recent grants of this type, and this one, take the whole of the type, against 36
  hours; up to five times as long where all of it stays free.
- performance: how long others must wait: what the hours asked and the usual hours lead one to expect, times the share
  of what is free, against 24 hours.

Ordinary, all three approve: 2 of 2 free h100 of 4 for an hour, by a tenant granted just that 16 times within a minute.
Cost 0.09, fairness 0.24, performance 0.04.
Extreme, all three refuse: 4 of 4 free h100 for 72 hours at low priority, by a tenant granted just that each of the last
eight hours. Cost about 11, fairness about 31, performance 6.
"""

import math
from collections.abc import Callable, Iterator, Mapping

from chaos_aura.platform.council.situation import Situation
from chaos_aura.platform.model import Outcome, PastDecision, Priority

STRETCH = {Priority.LOW: 0.5, Priority.NORMAL: 1.0, Priority.HIGH: 2.0}
FREE_HAND_USD = 250.0
HABITS = 3.0
LATELY_USD = 3000.0
BUDGETED = 1.5
WHOLE_TYPE_HOURS = 36.0
STAYS_FREE = 4.0
WAIT_HOURS = 24.0
WEIGHT_OF_HABIT = 0.3
_FADE_MS = 86_400_000.0

LIMIT = 0.5  # of certainty: above it the teacher approves
# How fast certainty grows with distance from the limit: at twice the limit, 94 %.
SHARPNESS = 4.0


def cost(situation: Situation) -> float:
    past = [(fade, each.total_usd) for fade, each in _approved(situation)]
    spent = sum(fade * usd for fade, usd in past)
    habit = spent / max(sum(fade for fade, _ in past), 1e-9)
    asked = situation.quote.total_usd
    worst = max(asked / (FREE_HAND_USD + HABITS * habit), (spent + asked) / LATELY_USD)
    stretch = STRETCH[situation.request.priority]
    return worst / (stretch if situation.request.budget_usd is None else stretch * BUDGETED)


def fairness(situation: Situation) -> float:
    request, total = situation.request, max(1, situation.total)
    same = [(fade, past) for fade, past in _approved(situation) if past.gpu_type == request.gpu_type]
    hoarded_hours = sum(fade * past.count / total * past.hours for fade, past in same)
    asked_hours = request.count / total * request.hours
    fair_hours = WHOLE_TYPE_HOURS * (1 + STAYS_FREE * situation.left / total) * STRETCH[request.priority]
    return (hoarded_hours + asked_hours) / fair_hours


def performance(situation: Situation) -> float:
    request = situation.request
    past = [(fade, math.log(each.hours)) for fade, each in _faded(situation)]
    asked_ln = math.log(request.hours)
    usual_ln = (asked_ln + sum(fade * hours_ln for fade, hours_ln in past)) / (1 + sum(fade for fade, _ in past))
    expected_hours = math.exp((1 - WEIGHT_OF_HABIT) * asked_ln + WEIGHT_OF_HABIT * usual_ln)
    waiting_hours = expected_hours * request.count / max(1, situation.free)
    return waiting_hours / (WAIT_HOURS * STRETCH[request.priority])


CONCERNS: Mapping[str, Callable[[Situation], float]] = {
    "lnn_cost_optimizer": cost,
    "lnn_fairness_enforcer": fairness,
    "lnn_performance_predictor": performance,
}


def certainty(concern: float) -> float:
    """How surely the teacher approves: 0.5 just at the limit, towards 1 below, towards 0 above."""
    return 1 / (1 + math.pow(concern, SHARPNESS))


def _faded(situation: Situation) -> Iterator[tuple[float, PastDecision]]:
    for past in situation.window.decisions:
        age_ms = max(0, situation.now_ms - past.decided_at_ms)
        yield math.exp(-age_ms / _FADE_MS), past


def _approved(situation: Situation) -> Iterator[tuple[float, PastDecision]]:
    return ((fade, past) for fade, past in _faded(situation) if past.outcome == Outcome.APPROVED)
