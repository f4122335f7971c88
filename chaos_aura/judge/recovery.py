"""When the system was hurt, when it noticed, and when it was well again, each with its error.

It is well again when the first operation after the last bad one was answered well, and no backlog is old any more: of
an observation that goes on for 10 s and 100 operations beyond that. What is never reached is late, not absent; where
too little was seen, nobody knows.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from chaos_aura.core.verdict import Judgement, Verdict, failed, passed, unknown
from chaos_aura.judge.backlog import backlog_turn, unseen_for_s
from chaos_aura.judge.baseline import COMPLETED
from chaos_aura.judge.moment import Moment, latest
from chaos_aura.judge.quality import Defect, Graded, Quality
from chaos_aura.judge.seen import Seen

QUIET_S, QUIET_OPERATIONS = 10.0, 100
_UNSEEN_S = 3.0
_NS = 1e9


class State(StrEnum):
    UNHURT = "never hurt"
    UNDECIDED = "undecided"  # go on watching
    RECOVERED = "recovered"
    LATE = "not recovered in time"  # and censored: nobody waited for its end
    UNMEASURED = "unmeasured"


@dataclass(frozen=True, slots=True)
class Outage:
    """`counts_from_ns`: of its budget. Proven in force where the system must heal itself, else proven gone."""

    asked_ns: int
    in_force_ns: int
    counts_from_ns: int
    budget_s: float = 30.0

    @property
    def deadline_ns(self) -> int:
        return self.counts_from_ns + int(self.budget_s * _NS)


@dataclass(frozen=True)
class Recovery:
    """Moments are None where there was none. Bad operations are counted from the fault until the recovery."""

    state: State
    judgement: Judgement
    degraded: Moment | None = None
    detected_ns: int | None = None
    recovered: Moment | None = None
    bad: Mapping[Defect, int] = field(default_factory=dict)
    slow: int = 0


def recovery(outage: Outage, seen: Seen) -> Recovery:
    """The observation ends when this is decided: who looks on afterwards begins another."""
    since = [each for each in seen.operations if _is_of(each, outage.asked_ns, seen.late_s)]
    bad = [each for each in since if each.quality is Quality.BAD]
    turns = {name: turn for name, turn in _turns(outage, seen, since, bad) if turn}
    recovered = latest(tuple(turns.values())) if turns else None
    state, judgement = _decided(outage, seen, recovered, _last_of(turns))
    return Recovery(
        state,
        judgement,
        degraded=_degraded(since, bad, outage.asked_ns),
        detected_ns=next((at_ns for at_ns in sorted(seen.signals_ns) if at_ns >= outage.asked_ns), None),
        recovered=recovered if state is State.RECOVERED else None,
        bad=Counter(each.defect for each in bad),
        slow=sum(each.quality is Quality.SLOW for each in since),
    )


def _is_of(each: Graded, asked_ns: int, late_s: float) -> bool:
    """It ended after that; or never, and was not late already."""
    ended_ns = each.operation.ended_ns
    return each.due_ns + late_s * _NS >= asked_ns if ended_ns is None else ended_ns >= asked_ns


def _degraded(since: Sequence[Graded], bad: Sequence[Graded], asked_ns: int) -> Moment | None:
    """Between the last good one before the first bad one, and when that one had gone wrong."""
    if not bad:
        return None
    first = bad[0]
    good = [each.due_ns for each in since if each.due_ns < first.due_ns and each.quality is not Quality.BAD]
    at_ns = max(first.due_ns, asked_ns)
    ended_ns = first.operation.ended_ns
    return Moment(
        max(good[-1] if good else asked_ns, asked_ns), at_ns, None if ended_ns is None else max(ended_ns, at_ns)
    )


def _operations_turn(since: Sequence[Graded], bad: Sequence[Graded]) -> Moment | None:
    """From bad to good for the last time: at the latest when the first was answered well that was asked after it."""
    if not bad:
        return None
    last_ns = bad[-1].due_ns
    answered = [
        each.operation.ended_ns
        for each in since
        if each.due_ns > last_ns and each.quality is Quality.GOOD and each.operation.ended_ns is not None
    ]
    first_ns = min(answered, default=None)
    return Moment(last_ns, first_ns, first_ns)


def _turns(
    outage: Outage, seen: Seen, since: Sequence[Graded], bad: Sequence[Graded]
) -> Iterator[tuple[str, Moment | None]]:
    """From bad to good for the last time, by what it was."""
    yield "operations", _operations_turn(since, bad)
    for name, samples in seen.backlogs.items():
        turn = backlog_turn(samples, seen.limits.of(name), outage.asked_ns, seen.until_ns)
        yield f"the backlog of {name}", turn


def _last_of(turns: Mapping[str, Moment]) -> str:
    """What kept it waiting longest."""
    return max(turns, key=lambda name: turns[name].low_ns, default="")


def _decided(outage: Outage, seen: Seen, recovered: Moment | None, last: str) -> tuple[State, Judgement]:
    if recovered and recovered.low_ns > outage.deadline_ns:
        late_s = (recovered.low_ns - outage.deadline_ns) / _NS
        return State.LATE, failed(f"{last}: still bad {late_s:.1f} s after its budget of {outage.budget_s:g} s")
    if too_little := _too_little(outage, seen, recovered):
        may_still_be = seen.until_ns < _enough_ns(outage, seen)
        return State.UNDECIDED if may_still_be else State.UNMEASURED, unknown(too_little)
    if recovered is None:
        return State.UNHURT, passed("nothing was bad")
    told = f"{last}: recovered within {_between(outage, recovered)} of {outage.budget_s:g} s"
    if recovered.high_ns is None or recovered.high_ns > outage.deadline_ns:
        return State.RECOVERED, unknown(f"{told}: the budget ends in between")
    return State.RECOVERED, passed(told)


def _enough_ns(outage: Outage, seen: Seen) -> int:
    """When as much has been seen beyond the deadline as a recovery that comes with it needs."""
    after = seen.due_ns[bisect_left(seen.due_ns, outage.deadline_ns) :]
    hundredth_ns = after[QUIET_OPERATIONS] if len(after) > QUIET_OPERATIONS else outage.deadline_ns
    return max(outage.deadline_ns + int(QUIET_S * _NS), hundredth_ns) + int(seen.late_s * _NS)


def _between(outage: Outage, recovered: Moment) -> str:
    low_s = max(0.0, (recovered.low_ns - outage.counts_from_ns) / _NS)
    if recovered.high_ns is None:
        return f"more than {low_s:.2f} s"
    return f"{low_s:.2f} to {max(0.0, (recovered.high_ns - outage.counts_from_ns) / _NS):.2f} s"


def _too_little(outage: Outage, seen: Seen, recovered: Moment | None) -> str:
    """Empty when enough was seen after it to say that it lasts."""
    well_ns = outage.counts_from_ns if recovered is None else recovered.at_ns
    if well_ns is None:
        return _never_well(outage, seen)
    since_ns, until_ns = max(well_ns, outage.counts_from_ns), seen.known_until_ns
    lasted_s = max(0, until_ns - since_ns) / _NS
    after = _between_ns(seen.operations, since_ns, until_ns)
    if lasted_s < QUIET_S or after < QUIET_OPERATIONS:
        return f"only {lasted_s:.1f} s and {after} operations were seen since it was well"
    for words, from_ns, to_ns in (("since then", since_ns, until_ns), ("until then", outage.asked_ns, since_ns)):
        due = bisect_left(seen.due_ns, to_ns) - bisect_left(seen.due_ns, from_ns)
        completed = _scheduled_between_ns(seen, from_ns, to_ns)
        if completed < COMPLETED * due or not seen.due_ns:
            return f"only {completed} of {due} arrivals due {words} were completed: the load did not keep up"
    for name in sorted({*seen.backlogs, *seen.limits.usual_s}):
        unseen_s = unseen_for_s(seen.backlogs.get(name, ()), since_ns, max(until_ns, since_ns))
        if unseen_s > _UNSEEN_S:
            return f"the backlog of {name} was not seen for {unseen_s:.1f} s since then"
    return ""


def _never_well(outage: Outage, seen: Seen) -> str:
    for name, samples in seen.backlogs.items():
        turn = backlog_turn(samples, seen.limits.of(name), outage.asked_ns, seen.until_ns)
        if turn and turn.at_ns is None:
            is_seen = max(samples, key=lambda each: each.at_ns).oldest_s is not None
            return (
                f"the backlog of {name} is still old" if is_seen else f"nobody can say how old the backlog of {name} is"
            )
    return "nothing good was seen after the last that was bad"


def _between_ns(operations: Sequence[Graded], from_ns: int, until_ns: int) -> int:
    return sum(from_ns <= each.due_ns < until_ns for each in operations)


def _scheduled_between_ns(seen: Seen, from_ns: int, until_ns: int) -> int:
    begun = {each.due_ns for each in seen.operations if from_ns <= each.due_ns < until_ns}
    return len(begun & seen.scheduled)


def agreed(usual: Recovery, excused: Recovery) -> Judgement:
    """`excused` is judged as if nothing had been late while the machine itself was noisy."""
    if usual.judgement.verdict is excused.judgement.verdict or usual.judgement.verdict is Verdict.UNKNOWN:
        return usual.judgement
    return unknown(
        f"{'; '.join(usual.judgement.reasons)}; allowing for the time in which the machine itself was noisy: "
        f"{excused.judgement}"
    )
