"""Histories whose answer is known."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from outages import LATE_S, MS, S, System, held, history, operation, seen_until

from chaos_aura.core.operation import Outcome
from chaos_aura.core.verdict import Verdict
from chaos_aura.judge.backlog import BacklogSample, Limits
from chaos_aura.judge.quality import Defect
from chaos_aura.judge.recovery import Outage, Recovery, State, agreed, recovery

DOWN, UP = 20 * S, 35 * S


@pytest.mark.parametrize("hangs", [False, True])
def test_the_interval_holds_the_true_moment(hangs: bool) -> None:
    system = System(DOWN, UP + 3 * S, hangs=hangs)
    result = recovery(held(DOWN, UP), seen_until(60 * S, history(system, 100, 60)))
    assert (result.state, result.judgement.verdict) == (State.RECOVERED, Verdict.PASS)
    assert result.recovered
    assert result.recovered.high_ns
    assert result.recovered.low_ns <= system.up_ns <= result.recovered.high_ns
    assert result.degraded
    assert result.degraded.high_ns
    assert result.degraded.low_ns <= DOWN <= result.degraded.high_ns


@given(
    rate=st.sampled_from([20, 50, 100]),
    down_ms=st.integers(15_000, 25_000),
    lasts_ms=st.integers(700, 20_000),
    hangs=st.booleans(),
    seed=st.integers(0, 10_000),
)
def test_whatever_the_outage_its_true_ends_are_within_the_intervals(
    rate: int, down_ms: int, lasts_ms: int, hangs: bool, seed: int
) -> None:
    system = System(down_ms * MS, (down_ms + lasts_ms) * MS, hangs=hangs)
    outage = held(system.down_ns, system.up_ns)
    result = recovery(outage, seen_until(70 * S, history(system, rate, 70, seed)))
    assert result.state is State.RECOVERED
    assert result.recovered
    assert result.degraded
    assert result.recovered.high_ns
    assert result.degraded.high_ns
    assert result.recovered.low_ns <= system.up_ns <= result.recovered.high_ns
    assert result.degraded.low_ns <= system.down_ns <= result.degraded.high_ns
    assert result.recovered.at_ns
    assert 0 <= result.recovered.at_ns - system.up_ns <= S / rate + 10 * MS


def test_a_second_dip_counts_until_its_end() -> None:
    first, second = System(DOWN, UP), System(UP + 2 * S, UP + 4 * S)
    operations = [*history(first, 100, 36), *(each for each in history(second, 100, 60) if each.due_ns >= 36 * S)]
    result = recovery(held(DOWN, UP), seen_until(60 * S, operations))
    assert result.recovered
    assert result.recovered.low_ns == pytest.approx(second.up_ns, abs=20 * MS)


def test_a_dip_before_the_fault_is_not_its_doing() -> None:
    system = System(5 * S, 8 * S)
    result = recovery(held(DOWN, UP), seen_until(60 * S, history(system, 100, 60)))
    assert (result.state, result.judgement.verdict) == (State.UNHURT, Verdict.PASS)
    assert (result.degraded, result.recovered, dict(result.bad)) == (None, None, {})


def test_what_was_under_way_when_it_began_is_its_doing() -> None:
    operations = history(System(0, 0), 100, 60)
    operations.append(operation(DOWN - S // 2, Outcome.FAIL, took_ns=S, why="unavailable", name="under-way"))
    result = recovery(held(DOWN, UP), seen_until(60 * S, operations))
    assert result.degraded
    assert (result.degraded.at_ns, dict(result.bad)) == (DOWN - MS, {Defect.FAILED: 1})


def at(until_s: float, up_s: float) -> Recovery:
    """As it looks at that time; the budget ends at 65 s."""
    return recovery(held(DOWN, UP), seen_until(int(until_s * S), history(System(DOWN, int(up_s * S)), 100, until_s)))


@pytest.mark.parametrize(
    ("until_s", "up_s", "state", "verdict"),
    [
        (50, 90, State.UNDECIDED, Verdict.UNKNOWN),
        (65, 90, State.UNDECIDED, Verdict.UNKNOWN),
        (66, 90, State.LATE, Verdict.FAIL),
        (80, 66, State.LATE, Verdict.FAIL),
        (69, 60, State.UNDECIDED, Verdict.UNKNOWN),
        (71, 60, State.RECOVERED, Verdict.PASS),
        (74, 64.5, State.UNDECIDED, Verdict.UNKNOWN),
        (75, 64.5, State.RECOVERED, Verdict.PASS),
    ],
)
def test_it_is_decided_as_soon_as_it_can_be(until_s: float, up_s: float, state: State, verdict: Verdict) -> None:
    result = at(until_s, up_s)
    assert (result.state, result.judgement.verdict) == (state, verdict)


def test_never_recovered_is_censored_and_no_number_is_told() -> None:
    result = at(70, 90)
    assert result.recovered is None
    assert result.judgement.reasons == ("operations: still bad 5.0 s after its budget of 30 s",)


def test_an_end_of_the_budget_between_the_last_bad_and_the_first_good_is_unknown() -> None:
    operations = history(System(DOWN, 65 * S + 5 * MS), 10, 90)
    result = recovery(held(DOWN, UP), seen_until(90 * S, operations))
    assert (result.state, result.judgement.verdict) == (State.RECOVERED, Verdict.UNKNOWN)
    assert "the budget ends in between" in result.judgement.reasons[0]


def test_the_budget_counts_from_the_fault_where_the_system_must_heal_itself() -> None:
    operations = history(System(DOWN, DOWN + 31 * S), 100, 70)
    by_itself = Outage(DOWN - MS, DOWN, DOWN)
    assert recovery(by_itself, seen_until(70 * S, operations)).judgement.verdict is Verdict.FAIL
    assert recovery(held(DOWN, UP), seen_until(70 * S, operations)).judgement.verdict is Verdict.PASS


def test_too_few_operations_say_nothing() -> None:
    result = recovery(held(DOWN, UP), seen_until(80 * S, history(System(DOWN, UP), 2, 80)))
    assert (result.state, result.judgement.verdict) == (State.UNMEASURED, Verdict.UNKNOWN)
    assert "and 89 operations were seen since it was well" in result.judgement.reasons[0]


def test_a_load_that_died_says_nothing() -> None:
    operations = history(System(DOWN, UP), 100, 30)  # during the outage
    result = recovery(held(DOWN, UP), seen_until(80 * S, operations))
    assert (result.state, result.judgement.verdict) == (State.UNMEASURED, Verdict.UNKNOWN)
    assert result.judgement.reasons == ("nothing good was seen after the last that was bad",)


def test_arrivals_that_never_began_are_missed() -> None:
    due = [int(nth * S / 100) for nth in range(6000)]
    operations = [each for each in history(System(DOWN, UP), 100, 60) if each.due_ns < UP or each.due_ns % (20 * MS)]
    result = recovery(held(DOWN, UP), seen_until(60 * S, operations, due_ns=due))
    assert result.judgement.verdict is Verdict.UNKNOWN
    assert "the load did not keep up" in result.judgement.reasons[0]
    whole = history(System(DOWN, UP), 100, 60)
    assert recovery(held(DOWN, UP), seen_until(60 * S, whole, due_ns=due)).judgement.verdict is Verdict.PASS


def test_what_hangs_until_the_end_is_bad() -> None:
    operations = history(System(DOWN, UP), 100, 60)
    operations.append(operation(50 * S + 1, None))
    result = recovery(held(DOWN, UP), seen_until(60 * S, operations))
    assert (result.state, dict(result.bad)[Defect.UNKNOWN]) == (State.UNDECIDED, 1)


def sampled(old_until_ns: int, every_ns: int = S) -> list[BacklogSample]:
    return [BacklogSample(at_ns, 9.0 if DOWN < at_ns < old_until_ns else 0.1) for at_ns in range(0, 90 * S, every_ns)]


def test_an_old_backlog_is_not_recovered() -> None:
    operations = history(System(0, 0), 100, 60)
    result = recovery(held(DOWN, UP), seen_until(60 * S, operations, backlogs={"decisions": sampled(UP + 4 * S)}))
    assert result.recovered
    assert (result.recovered.low_ns, result.recovered.high_ns) == (UP + 3 * S, UP + 4 * S)
    late = recovery(held(DOWN, UP, 10), seen_until(60 * S, operations, backlogs={"decisions": sampled(UP + 15 * S)}))
    assert late.judgement.verdict is Verdict.FAIL


def test_the_last_of_all_to_recover_counts() -> None:
    operations = history(System(DOWN, UP + 2 * S), 100, 60)
    backlogs = {"decisions": sampled(UP + 4 * S), "events": sampled(UP)}
    result = recovery(held(DOWN, UP), seen_until(60 * S, operations, backlogs=backlogs))
    assert result.recovered
    assert result.recovered.high_ns == UP + 4 * S


def test_a_backlog_is_old_by_what_is_usual() -> None:
    operations = history(System(0, 0), 100, 60)
    usual = Limits({"decisions": 4.0})
    seen = seen_until(60 * S, operations, backlogs={"decisions": sampled(UP)}, limits=usual)
    assert recovery(held(DOWN, UP), seen).state is State.UNHURT


def test_a_backlog_that_nobody_could_see_is_not_young() -> None:
    operations = history(System(0, 0), 100, 60)
    unseen = [BacklogSample(at_ns, None if at_ns > DOWN else 0.1) for at_ns in range(0, 60 * S, S)]
    result = recovery(held(DOWN, UP), seen_until(60 * S, operations, backlogs={"events": unseen}))
    assert result.recovered is None
    assert result.judgement.reasons == ("nobody can say how old the backlog of events is",)


@pytest.mark.parametrize("lasts_until_s", [0, 20, 36, 45])
def test_a_backlog_that_is_looked_at_no_more_is_not_young(lasts_until_s: int) -> None:
    operations = history(System(0, 0), 100, 60)
    ended = [each for each in sampled(0) if each.at_ns < lasts_until_s * S]
    backlogs = {"events": ended} if ended else {}  # as if nobody had ever thought of it
    result = recovery(held(DOWN, UP), seen_until(60 * S, operations, backlogs=backlogs, limits=Limits({"events": 0.1})))
    assert result.judgement.verdict is Verdict.UNKNOWN
    assert "the backlog of events was not seen for" in result.judgement.reasons[0]


def test_one_look_that_failed_after_the_deadline_is_no_failure() -> None:
    operations = history(System(DOWN, 60 * S), 100, 80)
    one = [BacklogSample(each.at_ns, None) if each.at_ns == 66 * S else each for each in sampled(0)]
    result = recovery(held(DOWN, UP), seen_until(80 * S, operations, backlogs={"events": one}))
    assert (result.state, result.judgement.verdict) == (State.RECOVERED, Verdict.UNKNOWN)


@pytest.mark.parametrize(
    ("late_s", "hangs_from_s", "until_s"), [(12.0, 36.5, 45.5), (5.0, 41.0, 45.5), (2.0, 44.0, 45.5)]
)
def test_what_is_still_under_way_is_no_quiet(late_s: float, hangs_from_s: float, until_s: float) -> None:
    well = [each for each in history(System(DOWN, UP), 100, hangs_from_s) if each.due_ns < hangs_from_s * S]
    hanging = [operation(nth * 10 * MS, None) for nth in range(int(hangs_from_s * 100), int(until_s * 100))]
    result = recovery(held(DOWN, UP), seen_until(int(until_s * S), [*well, *hanging], late_s=late_s))
    assert (result.state, result.judgement.verdict) == (State.UNDECIDED, Verdict.UNKNOWN)


def test_what_hangs_for_ever_fails_however_late_late_is() -> None:
    hanging = [operation(nth * 10 * MS, None if nth >= 2000 else Outcome.OK) for nth in range(9000)]
    at_75 = [each for each in hanging if each.due_ns < 75 * S]
    assert recovery(held(DOWN, UP), seen_until(75 * S, at_75, late_s=12.0)).state is State.UNDECIDED
    result = recovery(held(DOWN, UP), seen_until(87 * S, hanging[:8700], late_s=12.0))
    assert (result.state, result.judgement.verdict) == (State.LATE, Verdict.FAIL)


def test_a_load_that_stood_still_during_the_fault_says_nothing() -> None:
    whole = history(System(0, 0), 100, 60)
    operations = [each for each in whole if not DOWN <= each.due_ns < UP]
    due_ns = [each.due_ns for each in whole]
    result = recovery(held(DOWN, UP), seen_until(60 * S, operations, due_ns))
    assert result.judgement.verdict is Verdict.UNKNOWN
    assert "arrivals due until then were completed: the load did not keep up" in result.judgement.reasons[0]
    assert recovery(held(DOWN, UP), seen_until(60 * S, whole, [])).judgement.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(("late_s", "missing"), [(2.0, 0.22), (5.0, 0.5), (LATE_S, 0.06)])
def test_arrivals_that_are_missing_are_not_made_up_for_by_those_not_due_yet(late_s: float, missing: float) -> None:
    whole = history(System(DOWN, UP), 100, 60)
    some = [each for each in whole if each.due_ns < UP + S or (each.due_ns // (10 * MS)) % 100 >= 100 * missing]
    due_ns = [each.due_ns for each in whole]
    assert (
        "did not keep up"
        in recovery(held(DOWN, UP), seen_until(60 * S, some, due_ns, late_s=late_s)).judgement.reasons[0]
    )


def test_a_load_that_was_killed_after_the_recovery_is_not_the_systems_fault() -> None:
    operations = [each for each in history(System(DOWN, 60 * S), 100, 80) if each.due_ns < 66 * S]
    under_way = operation(66 * S, None)
    due_ns = [nth * 10 * MS for nth in range(8000)]
    result = recovery(held(DOWN, UP), seen_until(80 * S, [*operations, under_way], due_ns))
    assert (result.state, result.judgement.verdict) == (State.UNMEASURED, Verdict.UNKNOWN)


def test_one_that_was_lost_long_before_the_fault_is_not_its_doing() -> None:
    operations = [*history(System(0, 0), 100, 60), operation(5 * S + 1, None)]
    assert recovery(held(DOWN, UP), seen_until(60 * S, operations)).state is State.UNHURT


def test_what_is_told_of_a_system_that_hung_is_when_it_answered_again() -> None:
    system = System(DOWN, UP + 3 * S, hangs=True)
    result = recovery(held(DOWN, UP), seen_until(60 * S, history(system, 100, 60)))
    assert result.recovered
    assert result.recovered.at_ns
    assert system.up_ns <= result.recovered.at_ns <= system.up_ns + 50 * MS


def test_it_is_detected_at_its_first_signal() -> None:
    operations = history(System(DOWN, UP), 100, 60)
    seen = seen_until(60 * S, operations, signals_ns=[DOWN + 5 * S, DOWN + 2 * S, 3 * S])
    assert recovery(held(DOWN, UP), seen).detected_ns == DOWN + 2 * S
    assert recovery(held(DOWN, UP), seen_until(60 * S, operations)).detected_ns is None


def test_what_only_noise_made_late_is_unknown() -> None:
    late = {nth: int(0.5 * S) for nth in range(6700, 6720)}
    operations = [operation(nth * 10 * MS, took_ns=late.get(nth, 5 * MS)) for nth in range(8000)]
    outage, noisy = held(DOWN, UP), [(66 * S, 68 * S)]

    def judged(noisy_ns: list[tuple[int, int]]) -> Recovery:
        return recovery(outage, seen_until(80 * S, operations, noisy_ns=noisy_ns))

    assert judged([]).judgement.verdict is Verdict.FAIL
    assert judged(noisy).judgement.verdict is Verdict.PASS
    together = agreed(judged([]), judged(noisy))
    assert together.verdict is Verdict.UNKNOWN
    assert "allowing for the time in which the machine itself was noisy" in together.reasons[0]
    assert agreed(judged([]), judged([])).verdict is Verdict.FAIL


def test_a_little_noise_excuses_no_outage() -> None:
    operations = [
        operation(nth * 10 * MS, Outcome.OK if nth < 2000 else Outcome.INFO, took_ns=S) for nth in range(8000)
    ]
    noisy_ns = [(at_s * S, at_s * S + MS) for at_s in range(0, 80, 2)]
    usual, excused = (seen_until(80 * S, operations, noisy_ns=each, late_s=2.0) for each in ((), noisy_ns))
    assert agreed(recovery(held(DOWN, UP), usual), recovery(held(DOWN, UP), excused)).verdict is Verdict.FAIL


def test_late_ones_that_are_rare_and_alone_are_slow() -> None:
    chance = random.Random(7)
    alone = set(range(60, 5800, 130))
    operations = [
        operation(nth * 10 * MS, took_ns=(S if nth in alone else chance.randint(1, 20) * MS)) for nth in range(6000)
    ]
    result = recovery(held(DOWN, UP), seen_until(60 * S, operations))
    assert (result.state, dict(result.bad)) == (State.UNHURT, {})
    assert result.slow == sum(1 for nth in alone if nth * 10 * MS + S >= DOWN - MS)
