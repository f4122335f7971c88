import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from awaiting import wait_until
from chaoslib.hypothesis import run_steady_state_hypothesis
from chaoslib.run import EventHandlerRegistry
from driven_allocations import drive
from hurting import paused
from sampling import make_run

from chaos_aura.core.errors import BadInput, PingFailed, StackDown
from chaos_aura.stack.running import RunningStack
from probes import breakers, consistency, health, latency, resources
from steady_states.breakers import every_breaker_is_closed
from steady_states.hypotheses import platform_is_well_and_recovered

_WITHIN_S = 120


@pytest.fixture(autouse=True)
def around(stack: RunningStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CHAOS_AURA_PROJECT", str(stack.project.root))
    monkeypatch.setenv("CHAOS_AURA_RUN", str(make_run(tmp_path / "run").path))


def answered[T](probe: Callable[[], T]) -> T:
    """As soon as it is: a store that plans a query for the first time, or a worker that is held up, takes its time."""
    told: list[T] = []

    def ask() -> bool:
        with suppress(PingFailed):
            told.append(probe())
        return bool(told)

    wait_until(ask, _WITHIN_S, "it is answered")
    return told[0]


def test_every_service_is_asked_and_one_that_hangs_is_ill(stack: RunningStack) -> None:
    wait_until(lambda: health.all_services()["healthy"], _WITHIN_S, "all are healthy")
    wait_until(lambda: health.service_health("redis")["detail"] == "PONG", _WITHIN_S, "redis answers")
    with paused(stack, "redis"):
        # A second may be too short for Neo4j, too, now and then.
        seen = wait_until(
            lambda: (told := health.all_services(timeout_s=1))["services"]["neo4j"]["healthy"] and told,
            _WITHIN_S,
            "neo4j answers",
        )
    assert seen["healthy"] is False
    assert seen["services"]["redis"]["healthy"] is False
    assert seen["services"]["neo4j"]["detail"].startswith("RETURN 1")
    with pytest.raises(BadInput, match="no such service"):
        health.service_health("mysql")


def test_the_platform_says_that_it_is_ready() -> None:
    ready = wait_until(
        lambda: (told := health.platform_readiness())["status"] == "ready" and told, _WITHIN_S, "the platform is ready"
    )
    assert ready["answers"]["neo4j"] is True


def test_an_api_that_is_away_is_silent(stack: RunningStack) -> None:
    with paused(stack, "api"):
        assert health.platform_readiness()["status"] == "silent"


def test_the_pool_adds_up() -> None:
    told = answered(consistency.pool_balance)
    assert told["balanced"] is True
    assert sum(told["total"].values()) == sum(told["free"].values()) + sum(told["held"].values())


def test_chaos_toolkit_meets_the_hypothesis_of_a_stack_that_is_well_and_not_of_one_that_is_hurt(
    stack: RunningStack,
) -> None:
    experiment = {"steady-state-hypothesis": platform_is_well_and_recovered(30)}
    wait_until(lambda: _asked(experiment)["steady_state_met"], _WITHIN_S, "the hypothesis is met")
    with paused(stack, "projection"):
        hurt = _asked(experiment)
    assert hurt["steady_state_met"] is False
    assert hurt["probes"][-1]["activity"]["name"] == "every service is healthy"


def _asked(experiment: dict[str, Any]) -> dict[str, Any]:
    return dict(run_steady_state_hypothesis(experiment, {}, {}, None, EventHandlerRegistry()))


def test_a_breaker_that_opens_is_seen_and_remembered(stack: RunningStack) -> None:
    wait_until(lambda: every_breaker_is_closed(breakers.breaker_states()), _WITHIN_S, "every breaker is closed")
    assert set(breakers.breaker_states()) == {"api", "worker", "projection"}
    with paused(stack, "redis"):
        wait_until(lambda: _of_redis() not in ("", "closed"), _WITHIN_S, "it opens")
    # Others may have opened, too, where the machine held up what they guard.
    opened = [
        each for each in breakers.breaker_history()
        if (each["process"], each["dependency"], each["after"]) == ("api", "redis", "open")
    ]  # fmt: skip
    assert opened
    assert all(each["ago_s"] >= 0 for each in opened)
    assert breakers.breaker_history(since_s=_WITHIN_S + 600)
    wait_until(lambda: _of_redis() == "closed", _WITHIN_S, "it closes")


def _of_redis() -> str:
    """Empty while the API does not answer."""
    told: dict[str, str] = breakers.breaker_states()["api"] or {}
    return told.get("redis", "")


def test_a_worker_that_is_away_tells_of_no_breaker(stack: RunningStack) -> None:
    with paused(stack, "worker"):
        assert breakers.breaker_states()["worker"] is None


def test_round_trips_and_queries_take_some_time(stack: RunningStack) -> None:
    drive(stack, count=1)
    for probe in (lambda: latency.service_round_trip("redis", tries=3), latency.decision_query_s):
        began_s = time.monotonic()
        assert 0 < answered(probe) < time.monotonic() - began_s


def test_weight_is_measured_where_no_sampler_is(stack: RunningStack) -> None:
    told = resources.weight()
    assert {service.name for service in stack.catalogue.services} <= told.keys()
    assert told["neo4j"]["rss_mb"] > 50
    assert all(0 <= each["cpu"] <= (os.cpu_count() or 1) + 0.5 for each in told.values())


def test_without_a_stack_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CHAOS_AURA_PROJECT", str(tmp_path))
    with pytest.raises(StackDown, match="run: chaos-aura up"):
        health.all_services()
