import inspect
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos_aura.core.verdict import Judgement, Verdict
from steady_states import breakers, consistency, health, latency, load, recovery

MODULES = (breakers, consistency, health, latency, load, recovery)
TOLERANCES = [getattr(module, name) for module in MODULES for name in module.__all__]
AGREES: dict[str, Any] = {
    "state": "measured",
    "acknowledged": 3,
    **{kind: [] for kind in ("lost", "doubled", "disagreeing", "phantom", "reordered", "leaked", "two_owners")},
    "missing": {},
}
BALANCED = {"balanced": True, "total": {"t4": 4}, "free": {"t4": 3}, "held": {"t4": 1}, "holders": 1}
REDIS = {"service": "redis", "healthy": True, "latency_s": 0.001, "detail": "PONG"}
FINDING = {"kind": "lost", "store": "neo4j", "allocation": "r1", "told": "was granted, and Neo4j has no decision of it"}
OWNERS = {"gpu_id": "t4-0", "allocations": ["r1", "r2"], "since_ns": 1, "until_ns": 2}
READY = {"status": "ready", "breakers": {}, "answers": {"neo4j": True}}
OPENED = {"process": "worker", "dependency": "neo4j", "before": "closed", "after": "open", "cause": "", "ago_s": 1.0}


def with_first_arguments(tolerance: Callable[..., Judgement], value: Any) -> Judgement:
    given_ = {name: "neo4j" if name == "dependency" else 1.0 for name in arguments(tolerance)}
    return tolerance(**given_, value=value)


def arguments(tolerance: Callable[..., Judgement]) -> list[str]:
    return [name for name in inspect.signature(tolerance).parameters if name != "value"]


@pytest.mark.parametrize(
    ("judged", "verdict"),
    [
        (lambda: consistency.no_gpu_has_two_owners(AGREES), Verdict.PASS),
        (lambda: consistency.no_gpu_has_two_owners({**AGREES, "two_owners": [OWNERS]}), Verdict.FAIL),
        (lambda: consistency.no_gpu_has_two_owners({**AGREES, "acknowledged": 0}), Verdict.UNKNOWN),
        (lambda: consistency.no_gpu_has_two_owners({**AGREES, "state": "begun"}), Verdict.UNKNOWN),
        (lambda: consistency.nothing_acknowledged_is_lost(AGREES), Verdict.PASS),
        (lambda: consistency.nothing_acknowledged_is_lost({**AGREES, "lost": [FINDING]}), Verdict.FAIL),
        (lambda: consistency.nothing_acknowledged_is_lost({**AGREES, "leaked": [FINDING]}), Verdict.FAIL),
        (lambda: consistency.nothing_acknowledged_is_lost({**AGREES, "reordered": [FINDING]}), Verdict.FAIL),
        (lambda: consistency.nothing_acknowledged_is_lost({**AGREES, "missing": {"kafka": "away"}}), Verdict.UNKNOWN),
        (
            lambda: consistency.nothing_acknowledged_is_lost(
                {**AGREES, "missing": {"kafka": "away"}, "doubled": [FINDING]}
            ),
            Verdict.FAIL,
        ),
        (lambda: consistency.nothing_acknowledged_is_lost({**AGREES, "acknowledged": 0}), Verdict.UNKNOWN),
        (lambda: consistency.the_pool_is_balanced(BALANCED), Verdict.PASS),
        (lambda: consistency.the_pool_is_balanced({**BALANCED, "free": {"t4": 4}}), Verdict.FAIL),
        (lambda: consistency.the_pool_is_balanced({**BALANCED, "held": {}}), Verdict.FAIL),
        (lambda: consistency.the_pool_is_balanced({**BALANCED, "total": {}}), Verdict.UNKNOWN),
        (lambda: consistency.no_backlog_is_older_than(2, {"events": {"oldest_s": 2.0}}), Verdict.PASS),
        (lambda: consistency.no_backlog_is_older_than(2, {"events": {"oldest_s": 2.1}}), Verdict.FAIL),
        (lambda: consistency.no_backlog_is_older_than(2, {"events": {"oldest_s": None}}), Verdict.UNKNOWN),
        (
            lambda: consistency.no_backlog_is_older_than(2, {"a": {"oldest_s": None}, "b": {"oldest_s": 3}}),
            Verdict.FAIL,
        ),
        (lambda: consistency.no_backlog_is_older_than(2, {}), Verdict.UNKNOWN),
        (lambda: health.the_service_is_healthy(REDIS), Verdict.PASS),
        (lambda: health.the_service_is_healthy({**REDIS, "healthy": False}), Verdict.FAIL),
        (lambda: health.the_service_is_healthy({**REDIS, "healthy": "yes"}), Verdict.UNKNOWN),
        (lambda: health.every_service_is_healthy({"services": {"redis": REDIS}}), Verdict.PASS),
        (lambda: health.every_service_is_healthy({"services": {"r": {**REDIS, "healthy": False}}}), Verdict.FAIL),
        (lambda: health.every_service_is_healthy({"services": {}}), Verdict.UNKNOWN),
        (lambda: health.the_platform_is_ready(READY), Verdict.PASS),
        (lambda: health.the_platform_is_ready({**READY, "status": "degraded"}), Verdict.FAIL),
        (lambda: health.the_platform_is_ready({**READY, "status": "fine"}), Verdict.UNKNOWN),
        (lambda: health.the_platform_is_at_least_degraded({**READY, "status": "degraded"}), Verdict.PASS),
        (lambda: health.the_platform_is_at_least_degraded({**READY, "status": "silent"}), Verdict.FAIL),
        (lambda: latency.is_at_most(1, 1.0), Verdict.PASS),
        (lambda: latency.is_at_most(1, 1.01), Verdict.FAIL),
        (lambda: latency.is_at_most(1, True), Verdict.UNKNOWN),
        (lambda: latency.is_at_most(1, math.nan), Verdict.UNKNOWN),
        (lambda: breakers.every_breaker_is_closed({"api": {"neo4j": "closed"}}), Verdict.PASS),
        (lambda: breakers.every_breaker_is_closed({"api": {"neo4j": "half_open"}, "worker": None}), Verdict.FAIL),
        (lambda: breakers.every_breaker_is_closed({"api": {"neo4j": "closed"}, "worker": None}), Verdict.UNKNOWN),
        (lambda: breakers.every_breaker_is_closed({}), Verdict.UNKNOWN),
        (lambda: breakers.a_breaker_opened("neo4j", [OPENED]), Verdict.PASS),
        (lambda: breakers.a_breaker_opened("redis", [OPENED]), Verdict.FAIL),
        (lambda: breakers.a_breaker_opened("neo4j", [{**OPENED, "after": "closed"}]), Verdict.FAIL),
        (lambda: load.succeed_at_least(0.99, 0.99), Verdict.PASS),
        (lambda: load.succeed_at_least(0.99, 0.98), Verdict.FAIL),
        (lambda: load.succeed_at_least(0.99, 99), Verdict.UNKNOWN),
        (lambda: load.is_at_least(3, 3.0), Verdict.PASS),
        (lambda: load.is_at_least(3, 2.9), Verdict.FAIL),
    ],
)
def test_each_says_so(judged: Callable[[], Judgement], verdict: Verdict) -> None:
    found = judged()
    assert found.verdict is verdict, found
    assert bool(found) is (verdict is Verdict.PASS)
    assert found.reasons


@pytest.mark.parametrize(
    "tolerance",
    [consistency.no_gpu_has_two_owners, consistency.nothing_acknowledged_is_lost, consistency.no_backlog_is_older_than],
)
def test_what_is_not_measured_yet_passes_only_when_it_says_exactly_that(tolerance: Callable[..., Judgement]) -> None:
    assert with_first_arguments(tolerance, {"state": "not measured yet"})
    assert not with_first_arguments(tolerance, {"state": "not measured"})


rubbish = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["state", "services", "status", "answers", "lost", "two_owners", "missing", "total", "events"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(st.sampled_from(TOLERANCES), rubbish)
def test_rubbish_is_never_an_accident(tolerance: Callable[..., Judgement], value: Any) -> None:
    assert isinstance(with_first_arguments(tolerance, value), Judgement)


@pytest.mark.parametrize("tolerance", TOLERANCES, ids=lambda tolerance: tolerance.__name__)
def test_nothing_at_all_is_unknown(tolerance: Callable[..., Judgement]) -> None:
    assert with_first_arguments(tolerance, None).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("tolerance", TOLERANCES, ids=lambda tolerance: tolerance.__name__)
def test_each_takes_its_value_last_and_can_be_checked_without_it(tolerance: Callable[..., Judgement]) -> None:
    parameters = list(inspect.signature(tolerance).parameters.values())
    assert parameters[-1].name == "value"
    assert parameters[-1].default is None
    assert all(each.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD for each in parameters)
    assert (tolerance.__doc__ or "").partition("\n")[0].endswith(".")
