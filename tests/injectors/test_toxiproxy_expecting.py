"""What a round trip has to show, from the fault and from how it is before."""

import math
from typing import Any

import pytest
from toxiproxy_cases import fault

from injectors.toxiproxy.expecting import Baseline, sign_of, wanted_size
from injectors.toxiproxy.greetings.http import Http
from injectors.toxiproxy.greetings.redis import Redis
from injectors.toxiproxy.sign import Shown, Sign

EDGE = "worker.redis"


def sign(kind: str, baseline_ms: float = 0.5, **parameters: Any) -> Sign:
    hurt = fault(kind, EDGE, **parameters)
    return sign_of(hurt, wanted_size(hurt, Redis()), Baseline(baseline_ms, baseline_ms))


@pytest.mark.parametrize(
    ("kind", "parameters", "shown"),
    [
        ("latency", {}, Shown.LATE),
        ("throttle", {}, Shown.LATE),
        ("slice", {}, Shown.LATE),
        ("partition", {}, Shown.LATE),
        ("partition", {"how": "refused"}, Shown.REFUSED),
        ("blackhole", {}, Shown.SWALLOWED),
        ("reset", {}, Shown.RESET),
        ("reset", {"after_ms": 500}, Shown.LATE),
        ("limit_data", {}, Shown.CUT_SHORT),
        ("limit_data", {"limit_bytes": 0}, Shown.CUT_SHORT),
        ("slow_close", {}, Shown.LATE_END),
    ],
)
def test_each_kind_shows_in_its_own_way(kind: str, parameters: dict[str, Any], shown: Shown) -> None:
    assert sign(kind, **parameters).shown is shown


@pytest.mark.parametrize(
    ("kind", "parameters", "baseline_ms"),
    [
        ("latency", {"latency_ms": 1}, 0.6),
        ("latency", {"latency_ms": 100, "jitter_ms": 100}, 0.1),
        ("latency", {"latency_ms": 100, "jitter_ms": 500}, 0.1),
        ("latency", {"latency_ms": 10}, 8),
        ("throttle", {"rate_kbps": 10_000_000}, 0.1),
        ("slice", {"delay_us": 0}, 0.1),
        ("slice", {"size_bytes": 100_000}, 0.1),
        ("slow_close", {"delay_ms": 1}, 0.6),
        ("limit_data", {"limit_bytes": 32_000}, 0.1),
    ],
)
def test_what_cannot_be_told_from_an_ordinary_round_trip_is_not_claimed(
    kind: str, parameters: dict[str, Any], baseline_ms: float
) -> None:
    expected = sign(kind, baseline_ms, **parameters)
    assert expected.shown is Shown.NOTHING
    assert expected.why_not


def test_it_waits_no_longer_than_the_answer_is_late_for_certain() -> None:
    assert sign("latency", latency_ms=3).within_ms == 3
    assert sign("latency", latency_ms=10, jitter_ms=6).within_ms == 4
    assert sign("slow_close", delay_ms=2).within_ms == 2


@pytest.mark.parametrize(("baseline_ms", "within_ms"), [(0.2, 5), (2, 8), (3.5, 10), (7, 14), (20, 40)])
def test_it_waits_for_as_long_as_makes_it_sure_and_no_longer(baseline_ms: float, within_ms: float) -> None:
    assert sign("partition", baseline_ms).within_ms == within_ms
    assert sign("latency", baseline_ms, latency_ms=600_000).within_ms == within_ms


@pytest.mark.parametrize("rate_kbps", [1, 10, 100, 1000])
def test_enough_is_asked_for_that_a_rate_shows(rate_kbps: int) -> None:
    throttle = fault("throttle", EDGE, rate_kbps=rate_kbps)
    size = wanted_size(throttle, Redis())
    assert size / rate_kbps == pytest.approx(15)
    assert wanted_size(throttle, Http()) <= Http.most_bytes


def test_as_many_pieces_are_asked_for_as_show() -> None:
    slices = fault("slice", EDGE, size_bytes=10, variation_bytes=5, delay_us=1000)
    size = wanted_size(slices, Redis())
    least_pieces = math.ceil(size / 15)
    assert (least_pieces - 1) * 1.0 >= 15


def test_a_sign_survives_json() -> None:
    for kind in ("latency", "reset", "slow_close"):
        assert Sign.from_dict(sign(kind).to_dict()) == sign(kind)
