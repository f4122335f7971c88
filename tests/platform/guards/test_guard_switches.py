"""Each protection of a guard can be switched off and on while calls run."""

import pytest
from guarded import ALWAYS, NEVER_OPENS, Dependency, HandClock, Run, Switches, both_ways, guard

from chaos_aura.platform.errors import BreakerOpen, DependencyAway
from chaos_aura.platform.guards import BreakerChange, BreakerState

pytestmark = both_ways


def test_the_budget_can_be_switched_off_and_on_while_running(run: Run) -> None:
    switches = Switches()
    guarded, dependency = guard(NEVER_OPENS, clock=HandClock(), flags=switches), Dependency(ALWAYS)

    def tries_of_20_calls() -> int:
        before = dependency.calls
        for _ in range(20):
            with pytest.raises(DependencyAway):
                run(guarded, dependency)
        return dependency.calls - before

    assert tries_of_20_calls() < 40
    switches.throw(retry_budget=False)
    assert tries_of_20_calls() == 80
    switches.throw(retry_budget=True)
    assert tries_of_20_calls() < 40


def test_retries_can_be_switched_off_and_on_while_running(run: Run) -> None:
    switches = Switches(retries=False)
    guarded, dependency = guard(NEVER_OPENS, flags=switches), Dependency(ALWAYS)
    with pytest.raises(DependencyAway, match="1 try: retries are switched off"):
        run(guarded, dependency)
    switches.throw(retries=True)
    with pytest.raises(DependencyAway, match="4 tries"):
        run(guarded, dependency)
    switches.throw(retries=False)
    with pytest.raises(DependencyAway, match="1 try"):
        run(guarded, dependency)


def test_retries_switched_off_in_the_middle_of_a_call_end_it(run: Run) -> None:
    switches = Switches()
    dependency = Dependency(ALWAYS)

    def operation() -> str:
        switches.throw(retries=dependency.calls < 1)
        return dependency()

    with pytest.raises(DependencyAway, match="2 tries: retries are switched off"):
        run(guard(NEVER_OPENS, flags=switches), operation)


def test_breakers_can_be_switched_off_and_on_while_running(run: Run) -> None:
    changes: list[BreakerChange] = []
    switches = Switches(retries=False)
    guarded, dependency = guard(flags=switches, notice=changes.append, clock=HandClock()), Dependency(ALWAYS)

    def called_of_20() -> int:
        before = dependency.calls
        for _ in range(20):
            with pytest.raises((DependencyAway, BreakerOpen)):
                run(guarded, dependency)
        return dependency.calls - before

    assert called_of_20() == 5
    switches.throw(circuit_breakers=False)
    assert called_of_20() == 20
    assert guarded.state is BreakerState.CLOSED, "an open breaker that lets everybody through would be a lie"
    assert changes[-1].cause == "circuit breakers are switched off"
    switches.throw(circuit_breakers=True)
    assert called_of_20() == 5
