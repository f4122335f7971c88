from typing import Any

import pytest

from chaos_aura.core.verdict import Verdict
from steady_states.recovery import at_most_degraded_for, is_detected_within, recovers_within

NOT_YET = {"state": "not measured yet"}


def span(low_s: float, high_s: float | None) -> dict[str, float | None]:
    return {"low_s": low_s, "at_s": high_s, "high_s": high_s}


def told(state: str = "recovered", **changed: Any) -> dict[str, Any]:
    usual = {
        "state": state,
        "budget_s": 30,
        "counts_from": "healed",
        "degraded": span(1.0, 1.5),
        "detected": span(2.0, 2.0),
        "recovered": span(20.0, 21.0),
        "recovered_from_healed": span(5.0, 6.0),
    }
    return {**usual, **changed}


@pytest.mark.parametrize(
    ("seconds", "changed", "verdict"),
    [
        (6, {}, Verdict.PASS),
        (5.5, {}, Verdict.UNKNOWN),
        (4.9, {}, Verdict.FAIL),
        (6, {"counts_from": "the end of the spike"}, Verdict.PASS),
        (4, {"noisy_s": 1.0}, Verdict.UNKNOWN),
        (4, {"noisy_s": 0.9}, Verdict.FAIL),
        (30, {"state": "not recovered in time"}, Verdict.FAIL),
        (31, {"state": "not recovered in time"}, Verdict.UNKNOWN),
        (0, {"state": "never hurt", "recovered_from_healed": None}, Verdict.PASS),
        (30, {"state": "unmeasured"}, Verdict.UNKNOWN),
        (30, {"state": "undecided"}, Verdict.UNKNOWN),
        (30, {"recovered_from_healed": None}, Verdict.UNKNOWN),
        (30, {"recovered_from_healed": span(5.0, None)}, Verdict.UNKNOWN),
        (4, {"recovered_from_healed": span(5.0, None)}, Verdict.FAIL),
    ],
)
def test_recovers_within(seconds: float, changed: dict[str, Any], verdict: Verdict) -> None:
    assert recovers_within(seconds, told(**changed)).verdict is verdict


@pytest.mark.parametrize(
    ("seconds", "changed", "verdict"),
    [
        (20, {}, Verdict.PASS),  # 18.5 to 20.0
        (19, {}, Verdict.UNKNOWN),
        (18, {}, Verdict.FAIL),
        (21, {"degraded": None}, Verdict.PASS),
        (18, {"state": "not recovered in time"}, Verdict.FAIL),
        (18, {"state": "unmeasured"}, Verdict.UNKNOWN),
        (18, {"state": "never hurt"}, Verdict.PASS),
        (30, {"recovered": None}, Verdict.UNKNOWN),
    ],
)
def test_at_most_degraded_for(seconds: float, changed: dict[str, Any], verdict: Verdict) -> None:
    assert at_most_degraded_for(seconds, told(**changed)).verdict is verdict


@pytest.mark.parametrize(
    ("seconds", "changed", "verdict"),
    [
        (2, {}, Verdict.PASS),
        (1, {}, Verdict.FAIL),
        (2, {"detected": 1.5}, Verdict.PASS),
        (2, {"detected": None}, Verdict.FAIL),
        (2, {"detected": None, "state": "unmeasured"}, Verdict.UNKNOWN),
        (2, {"detected": "soon"}, Verdict.UNKNOWN),
    ],
)
def test_is_detected_within(seconds: float, changed: dict[str, Any], verdict: Verdict) -> None:
    assert is_detected_within(seconds, told(**changed)).verdict is verdict


@pytest.mark.parametrize("judge", [recovers_within, at_most_degraded_for, is_detected_within])
def test_before_the_method_nothing_has_been_hurt(judge: Any) -> None:
    judged = judge(30, NOT_YET)
    assert judged
    assert "not measured yet" in judged.reasons[0]


def test_a_reason_says_how_long_it_took() -> None:
    assert recovers_within(30, told()).reasons == ("recovered within 5.00 to 6.00 s, at most 30 s",)
