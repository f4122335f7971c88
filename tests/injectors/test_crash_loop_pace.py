"""How long a service may live each time, and the first time, too."""

from pathlib import Path

from awaiting import wait_until
from fake_home import NoGuard
from process_cases import VICTIM, WITHIN_S, Victim, victim_in
from standing_reaper import standing_reaper

from chaos_aura.core.catalogue import Catalogue
from chaos_aura.core.process import ProcessId
from chaos_aura.faults.engine import Engine
from chaos_aura.faults.holding import hold
from chaos_aura.faults.limits import Limits
from chaos_aura.faults.registry import Registry
from chaos_aura.supervision.place import CATALOGUE
from injectors.crash_loop import CrashLoopInjector

# What a busy machine keeps waiting has five seconds on either side.
_EVERY_MS, _LASTS_S, _PROVEN_WITHIN_S = 10_000, 0.5, 5.0


def just_started(victim: Victim) -> ProcessId | None:
    """Too young to be killed as soon as any other fault must be proven."""
    process = victim.process()
    if process.uptime_s() < _EVERY_MS / 1000 - _PROVEN_WITHIN_S:
        return process
    victim.supervisor.restart("victim", 0)
    return None


def test_one_that_has_just_started_lives_its_time_before_it_is_killed_first(tmp_path: Path) -> None:
    with victim_in(tmp_path) as victim, standing_reaper(victim.ground.home):
        catalogue = Catalogue("local", (VICTIM,), ())
        (victim.ground.home / CATALOGUE).write_text(catalogue.to_json(), encoding="utf-8")
        registry = Registry((CrashLoopInjector(victim.ground),))
        engine = Engine(victim.ground, registry, NoGuard(), limits=Limits(), proven_within_s=_PROVEN_WITHIN_S)
        former = wait_until(lambda: just_started(victim), WITHIN_S, "it has just started")
        lease = engine.inject(engine.fault("crash_loop", "victim", {"every_ms": _EVERY_MS}, lasts_s=_LASTS_S))
        assert not former.is_alive()
        assert not hold(engine, lease, _LASTS_S).lost
        assert [outcome.is_good for outcome in engine.heal_mine()] == [True]
        engine.close()
