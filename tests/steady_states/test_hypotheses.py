import json
from typing import Any

import pytest
from chaoslib.exceptions import InvalidActivity
from chaoslib.hypothesis import ensure_hypothesis_is_valid, within_tolerance

from steady_states.hypotheses import platform_is_well, platform_is_well_and_recovered

NOT_YET = {"state": "not measured yet"}
RECOVERED = {
    "state": "recovered",
    "budget_s": 30,
    "counts_from": "healed",
    "recovered": {"low_s": 20, "at_s": 21, "high_s": 21},
    "recovered_from_healed": {"low_s": 5, "at_s": 6, "high_s": 6},
}


def tolerance_of(hypothesis: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = (probe["tolerance"] for probe in hypothesis["probes"] if probe["name"] == name)
    return dict(found)


@pytest.mark.parametrize("hypothesis", [platform_is_well(), platform_is_well_and_recovered(20)])
def test_chaos_toolkit_takes_each(hypothesis: dict[str, Any]) -> None:
    as_written = json.loads(json.dumps(hypothesis))
    ensure_hypothesis_is_valid({"steady-state-hypothesis": as_written})


def test_it_would_not_take_one_with_a_wrong_argument() -> None:
    hypothesis = platform_is_well_and_recovered()
    tolerance_of(hypothesis, "recovers in time")["provider"]["arguments"]["second"] = 3
    with pytest.raises(InvalidActivity):
        ensure_hypothesis_is_valid({"steady-state-hypothesis": hypothesis})


def test_chaos_toolkit_hands_each_its_value_and_believes_what_it_says() -> None:
    in_time = tolerance_of(platform_is_well_and_recovered(10), "recovers in time")
    too_late = tolerance_of(platform_is_well_and_recovered(3), "recovers in time")
    assert within_tolerance(in_time, NOT_YET) is True
    assert within_tolerance(in_time, RECOVERED) is True
    assert within_tolerance(too_late, RECOVERED) is False
    assert within_tolerance(in_time, {"state": "nonsense"}) is False


def test_two_of_the_same_share_nothing() -> None:
    first, second = platform_is_well(), platform_is_well()
    within_tolerance(tolerance_of(first, "the pool is balanced"), {})
    assert "value" not in tolerance_of(second, "the pool is balanced")["provider"]["arguments"]
