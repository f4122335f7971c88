"""What counts as held to the end, with looks that take long."""

import pytest
from fake_home import FakeHome, NoGuard

from chaos_aura.core.boot import since_boot_s
from chaos_aura.core.fault import Proof, Undo
from chaos_aura.faults.engine import Engine
from chaos_aura.faults.fake import FakeInjector
from chaos_aura.faults.holding import Held, hold
from chaos_aura.faults.limits import Limits
from chaos_aura.faults.registry import Registry

_REAPER_LATER_S = 1.0  # than the time of its fault


class Clock:
    """The machine's, and a test lets it leap."""

    leapt_s = 0.0

    def __call__(self) -> float:
        return since_boot_s() + self.leapt_s


class Slow(FakeInjector):
    """Once in force, a look lasts until the reaper has ended the fault on time."""

    def __init__(self, home: FakeHome, clock: Clock) -> None:
        super().__init__(home.ground)
        self._home = home
        self._clock = clock
        self.looks_s = 0.0

    def in_force(self, undo: Undo) -> Proof:
        if self.looks_s:
            self._clock.leapt_s += self.looks_s
            self._home.engine().heal(self._home.ledger.open_leases())
        return super().in_force(undo)


def held_with_a_slow_look(home: FakeHome, for_s: float) -> Held:
    """It begins after a second."""
    clock = Clock()
    slow = Slow(home, clock)
    engine = Engine(home.ground, Registry((slow,)), NoGuard(), limits=Limits())
    lease = engine.inject(engine.fault("pretend", "neo4j", lasts_s=for_s))
    slow.looks_s = for_s + _REAPER_LATER_S
    return hold(engine, lease, for_s, clock)


@pytest.mark.parametrize("for_s", [3, 5.5])
def test_a_last_look_that_takes_long_is_no_early_end(home: FakeHome, for_s: float) -> None:
    held = held_with_a_slow_look(home, for_s)
    assert held == Held(held.for_s)
    assert held.for_s >= for_s


def test_a_look_that_takes_longer_than_any_may_proves_nothing(home: FakeHome) -> None:
    """It began long before the end, and nobody saw the fault in force since."""
    held = held_with_a_slow_look(home, 8)
    assert held == Held(held.for_s, ended_by="nobody had looked for the last 8.0 s of it")
