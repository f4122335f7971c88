"""Several recoveries of one outage, each seen by another kind of operation, as one: it is over when all are."""

from collections import Counter
from collections.abc import Mapping

from chaos_aura.core.verdict import Judgement, together
from chaos_aura.judge.moment import Moment, latest
from chaos_aura.judge.quality import Defect
from chaos_aura.judge.recovery import Recovery, State

_WORST_FIRST = (State.LATE, State.UNMEASURED, State.UNDECIDED, State.RECOVERED, State.UNHURT)


def joined(recoveries: Mapping[str, Recovery]) -> Recovery:
    """By what saw it: `{"tenants": ..., "canary": ...}`. ValueError when there is none."""
    if not recoveries:
        raise ValueError("there is no recovery")
    all_of_them = tuple(recoveries.values())
    state = min((each.state for each in all_of_them), key=_WORST_FIRST.index)
    over = [each.recovered for each in all_of_them if each.recovered]
    detected = [each.detected_ns for each in all_of_them if each.detected_ns is not None]
    return Recovery(
        state,
        together(_named(name, each.judgement) for name, each in recoveries.items()),
        degraded=_earliest([each.degraded for each in all_of_them if each.degraded]),
        detected_ns=min(detected, default=None),
        recovered=latest(over) if over and state is State.RECOVERED else None,
        bad=_bad(all_of_them),
        slow=sum(each.slow for each in all_of_them),
    )


def _named(name: str, judgement: Judgement) -> Judgement:
    return Judgement(judgement.verdict, tuple(f"{name}: {reason}" for reason in judgement.reasons))


def _earliest(moments: list[Moment]) -> Moment | None:
    return min(moments, key=lambda each: each.at_ns if each.at_ns is not None else each.low_ns, default=None)


def _bad(recoveries: tuple[Recovery, ...]) -> Mapping[Defect, int]:
    bad: Counter[Defect] = Counter()
    for each in recoveries:
        bad.update(each.bad)
    return bad
