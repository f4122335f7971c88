"""How long a service may live each time, and the first time, too."""

from pathlib import Path

from fake_home import NoGuard
from process_cases import VICTIM, victim_in
from standing_reaper import standing_reaper

from chaos_aura.core.catalogue import Catalogue
from chaos_aura.faults.engine import Engine
from chaos_aura.faults.holding import hold
from chaos_aura.faults.limits import Limits
from chaos_aura.faults.registry import Registry
from chaos_aura.supervision.place import CATALOGUE
from injectors.crash_loop import CrashLoopInjector

_EVERY_MS, _LASTS_S, _PROVEN_WITHIN_S = 6000, 0.5, 1.0


def test_one_that_has_just_started_lives_its_time_before_it_is_killed_first(tmp_path: Path) -> None:
    with victim_in(tmp_path) as victim, standing_reaper(victim.ground.home):
        catalogue = Catalogue("local", (VICTIM,), ())
        (victim.ground.home / CATALOGUE).write_text(catalogue.to_json(), encoding="utf-8")
        registry = Registry((CrashLoopInjector(victim.ground),))
        engine = Engine(victim.ground, registry, NoGuard(), limits=Limits(), proven_within_s=_PROVEN_WITHIN_S)
        former = victim.process()
        assert former.uptime_s() < _EVERY_MS / 1000 - _PROVEN_WITHIN_S
        lease = engine.inject(engine.fault("crash_loop", "victim", {"every_ms": _EVERY_MS}, lasts_s=_LASTS_S))
        assert not former.is_alive()
        assert not hold(engine, lease, _LASTS_S).lost
        assert [outcome.is_good for outcome in engine.heal_mine()] == [True]
        engine.close()
