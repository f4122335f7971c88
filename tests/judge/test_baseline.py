import pytest
from outages import MS, S, operation

from chaos_aura.core.operation import Operation, Outcome
from chaos_aura.core.verdict import Verdict
from chaos_aura.judge.baseline import Baseline, baseline


def usual(number: int, took_ms: float = 20) -> list[Operation]:
    return [operation(nth * 100 * MS, took_ns=int(took_ms * MS)) for nth in range(number)]


def judged(operations: list[Operation], lasts_s: float = 12) -> Baseline:
    return baseline(operations, 0, int(lasts_s * S), floor_s=0.25, longest_s=5)


def test_late_is_three_times_the_p99_or_the_floor() -> None:
    assert judged(usual(120)).late_s == 0.25
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


def test_one_that_is_not_well_is_no_baseline() -> None:
    broken = [operation(nth * 100 * MS, Outcome.FAIL, why="unavailable") for nth in range(120)]
    assert judged([*usual(120)[:-2], *broken[:2]]).judgement.verdict is Verdict.FAIL
    assert judged(broken).judgement.reasons == ("none of 120 operations was answered well",)
    assert judged([]).judgement.verdict is Verdict.UNKNOWN
