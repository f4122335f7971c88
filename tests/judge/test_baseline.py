import pytest
from outages import MS, S, operation

from chaos_aura.core.operation import Operation, Outcome
from chaos_aura.core.verdict import Verdict
from chaos_aura.judge.baseline import Baseline, baseline


def usual(number: int, took_ms: float = 20) -> list[Operation]:
    return [operation(nth * 100 * MS, took_ns=int(took_ms * MS)) for nth in range(number)]


def judged(operations: list[Operation], lasts_s: float = 12) -> Baseline:
    due_ns = [each.due_ns for each in operations]
    return baseline(operations, 0, int(lasts_s * S), due_ns=due_ns, floor_s=0.25)


def test_late_is_three_times_the_p99_or_the_floor() -> None:
    assert judged(usual(120)).late_s == 0.25
    assert (judged(usual(120)).operations, judged(usual(120)).good) == (120, 120)
    slower = judged(usual(120, 200))
    assert (slower.p99_s, slower.late_s, slower.judgement.verdict) == (0.2, pytest.approx(0.6), Verdict.PASS)


def test_only_what_was_meant_to_begin_then_counts() -> None:
    later = [operation(13 * S + nth, Outcome.FAIL) for nth in range(50)]
    assert judged([*usual(120), *later]).judgement.verdict is Verdict.PASS


@pytest.mark.parametrize(("number", "lasts_s"), [(99, 12), (95, 9.9)])
def test_too_little_is_unknown(number: int, lasts_s: float) -> None:
    found = judged(usual(number), lasts_s)
    assert found.judgement.verdict is Verdict.UNKNOWN
    assert f"only {number} operations in {lasts_s:.1f} s" in found.judgement.reasons[0]


def test_what_hangs_at_its_end_is_not_well() -> None:
    hanging = [operation(each.due_ns, None) if each.due_ns > 8 * S else each for each in usual(120)]
    found = judged(hanging)
    assert found.judgement.verdict is Verdict.FAIL
    assert 0 < found.good < found.operations


def test_a_load_that_stopped_is_no_baseline() -> None:
    begun = usual(240, 20)[:110]
    found = baseline(begun, 0, 12 * S, due_ns=[each.due_ns for each in usual(240)], floor_s=0.25)
    assert found.judgement.reasons == ("only 110 of 121 arrivals were begun: the load did not keep up",)


def test_one_that_is_not_well_is_no_baseline() -> None:
    broken = [operation(nth * 100 * MS, Outcome.FAIL, why="unavailable") for nth in range(120)]
    assert judged([*usual(120)[:-2], *broken[:2]]).judgement.verdict is Verdict.FAIL
    assert judged(broken).judgement.reasons == ("120 of 120 operations in 12.0 s were not answered well",)
    assert judged([]).judgement.verdict is Verdict.UNKNOWN
