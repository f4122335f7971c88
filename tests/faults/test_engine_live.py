"""The engine with our own injectors on a living stack: what fails half-way leaves nothing."""

import os
import signal
from typing import Any

import pytest
from awaiting import wait_until
from engines import engine_on
from hurting import is_stopped, is_well, paused, process_of
from proxies import proxies

from chaos_aura.core.errors import FaultRefused, NotHealed, NotInForce, TargetUnfit
from chaos_aura.core.lease import Lease
from chaos_aura.faults.engine import Engine
from chaos_aura.faults.healing import Ending
from chaos_aura.record.timeline import read_timeline
from chaos_aura.stack.running import RunningStack

_WITHIN_S = 30
_WELL_WITHIN_S = 60


def toxics(stack: RunningStack) -> list[str]:
    return [toxic["name"] for proxy in proxies(stack).values() for toxic in proxy["toxics"]]


def injected(engine: Engine, kind: str, target: str, **parameters: Any) -> Lease:
    """When whom it hurts has answered in time, which on a busy machine may need another try."""

    def attempt() -> Lease | None:
        try:
            return engine.inject(engine.fault(kind, target, parameters))
        except (TargetUnfit, NotInForce):
            return None

    lease = wait_until(attempt, _WITHIN_S, f"{kind} of {target} is in force")
    assert lease
    return lease


def test_a_toxiproxy_that_hangs_is_one_line_and_nothing_is_written(stack: RunningStack) -> None:
    with engine_on(stack) as engine:
        with (
            paused(stack, "toxiproxy"),
            pytest.raises(TargetUnfit, match=r"toxiproxy at .*: no answer within") as refused,
        ):
            engine.inject(engine.fault("latency", "worker.redis"))
        assert "\n" not in str(refused.value)
        assert engine.ledger.open_leases() == ()
    assert toxics(stack) == []


def test_a_toxiproxy_that_hangs_when_it_is_asked_is_healed_when_it_goes_on(stack: RunningStack) -> None:
    """The request lies in its socket, and takes effect when it goes on: nobody who asked is waiting then."""
    toxiproxy = process_of(stack, "toxiproxy")

    def stop(step: str) -> None:
        if step == "inject":
            os.kill(toxiproxy.pid, signal.SIGSTOP)
            wait_until(lambda: is_stopped(toxiproxy), _WITHIN_S, "each thread of it is stopped")

    with engine_on(stack, stop) as engine:
        try:
            with pytest.raises(NotHealed, match="run: chaos-aura heal"):
                injected(engine, "latency", "worker.redis")
            assert engine.ledger.open_leases()
        finally:
            os.kill(toxiproxy.pid, signal.SIGCONT)
        wait_until(lambda: not engine.ledger.open_leases(), _WITHIN_S, "the reaper has healed it")
        assert toxics(stack) == []
    assert process_of(stack, "toxiproxy") == toxiproxy


def test_a_target_that_vanishes_before_it_is_hurt_is_one_line_and_nothing_is_left(stack: RunningStack) -> None:
    redis = process_of(stack, "redis")

    def kill(step: str) -> None:
        if step == "inject":
            os.kill(redis.pid, signal.SIGKILL)
            wait_until(lambda: not redis.is_alive(), _WITHIN_S, "redis is dead")

    with engine_on(stack, kill) as engine:
        with pytest.raises((TargetUnfit, NotInForce), match="redis") as failed:
            engine.inject(engine.fault("pause", "redis"))
        assert "\n" not in str(failed.value)
        assert engine.ledger.open_leases() == ()
        wait_until(lambda: is_well(stack), _WELL_WITHIN_S, "redis is back")


def test_different_toxics_of_one_edge_compose_and_two_of_a_kind_are_refused(stack: RunningStack) -> None:
    with engine_on(stack) as engine:
        leases = [injected(engine, kind, "worker.redis") for kind in ("latency", "throttle", "slice")]
        with pytest.raises(FaultRefused, match=r"latency of worker\.redis does") as refused:
            engine.inject(engine.fault("latency", "redis"))
        assert leases[0].id in str(refused.value)
        assert len(toxics(stack)) == 3
        assert [outcome.ending for outcome in engine.heal(leases[:1])] == [Ending.HEALED]
        assert len(toxics(stack)) == 2
        wait_until(lambda: all(engine.prove(lease) for lease in leases[1:]), _WITHIN_S, "the others are in force still")
        engine.heal(leases)
        assert toxics(stack) == []


def test_a_toxic_waits_for_the_end_of_a_pause_of_toxiproxy(stack: RunningStack) -> None:
    with engine_on(stack) as engine:
        latency = injected(engine, "latency", "worker.redis")
        pause = injected(engine, "pause", "toxiproxy")
        [waiting] = engine.heal([latency])
        assert waiting.ending is Ending.WAITING
        assert pause.id in waiting.why
        assert [outcome.ending for outcome in engine.heal([pause])] == [Ending.HEALED]
        wait_until(lambda: not engine.ledger.open_leases(), _WITHIN_S, "the reaper has healed the other after it")
        assert toxics(stack) == []
        told = read_timeline(stack.project.home / "faults" / "timeline.jsonl")
        healed = [event["lease"] for event in told if event["event"] == "fault.healed"]
        assert healed.index(pause.id) < healed.index(latency.id)


def test_all_ends_at_once_whatever_needs_what(stack: RunningStack) -> None:
    with engine_on(stack) as engine:
        for kind, target in (
            ("latency", "api.neo4j"),
            ("pause", "redis"),
            ("fd_limit", "worker"),
            ("pause", "toxiproxy"),
        ):
            injected(engine, kind, target, **({"limit": 20} if kind == "fd_limit" else {}))
        assert [outcome.ending for outcome in engine.heal_mine()] == [Ending.HEALED] * 4
        assert toxics(stack) == []
