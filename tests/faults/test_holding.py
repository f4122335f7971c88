"""What counts as held to the end, with looks that take long, and by who is late himself."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from fake_home import FakeHome, NoGuard

from chaos_aura.core.fault import Proof, Undo
from chaos_aura.faults.engine import Engine
from chaos_aura.faults.fake import FakeInjector
from chaos_aura.faults.holding import Held, hold
from chaos_aura.faults.limits import Limits
from chaos_aura.faults.registry import Registry

_REAPER_LATER_S = 1.0  # than the time of its fault
_OWNERS_S = 0.5  # what an owner is given to end it, before the reaper does
_TICK_S = 0.05  # whoever holds looks at the clock twice for each tenth of a second that he waits


class Clock:
    """A test's own, which goes on when it is looked at, and leaps: however slow the machine is."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._leap: tuple[float, float, Callable[[], object]] | None = None

    def leap(self, from_s: float, to_s: float, meanwhile: Callable[[], object]) -> None:
        self._leap = (from_s, to_s, meanwhile)

    def __call__(self) -> float:
        self.now_s += _TICK_S
        if self._leap and self.now_s >= self._leap[0]:
            _, self.now_s, meanwhile = self._leap
            self._leap = None
            meanwhile()
        return self.now_s


class Slow(FakeInjector):
    """Once in force, a look lasts until the reaper has ended the fault on time."""

    def __init__(self, home: FakeHome, clock: Clock) -> None:
        super().__init__(home.ground)
        self._home = home
        self._clock = clock
        self.looks_s = 0.0

    def in_force(self, undo: Undo) -> Proof:
        if self.looks_s:
            self._clock.now_s += self.looks_s
            end_all(self._home)
        return super().in_force(undo)


def end_all(home: FakeHome) -> None:
    home.engine().heal(home.ledger.open_leases())


def held_with_a_slow_look(home: FakeHome, for_s: float) -> Held:
    """It begins after a second."""
    clock = Clock()
    slow = Slow(home, clock)
    engine = Engine(home.ground, Registry((slow,)), NoGuard(), limits=Limits())
    lease = replace(engine.inject(engine.fault("pretend", "neo4j")), ends_s=for_s + _OWNERS_S)
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


class Blinking(FakeInjector):
    """Once it is known to be in force, so many looks in a row do not see it."""

    def __init__(self, home: FakeHome) -> None:
        super().__init__(home.ground)
        self.blind_looks = 0

    def in_force(self, undo: Undo) -> Proof:
        if self.blind_looks:
            self.blind_looks -= 1
            return Proof(False, "came too late to see it")
        return super().in_force(undo)


@pytest.mark.parametrize(("blind_looks", "lost"), [(1, ""), (2, "came too late to see it")])
def test_what_is_lost_was_looked_for_twice(home: FakeHome, blind_looks: int, lost: str) -> None:
    blinking = Blinking(home)
    engine = Engine(home.ground, Registry((blinking,)), NoGuard(), limits=Limits())
    lease = engine.inject(engine.fault("pretend", "neo4j"))
    blinking.blind_looks = blind_looks
    held = hold(engine, lease, 3, Clock())
    assert held == Held(held.for_s, lost)


def held_by_who_stopped(home: FakeHome, from_s: float) -> Held:
    """For three seconds; he goes on when the reaper has ended it on time."""
    clock, engine = Clock(), home.engine()
    lease = replace(engine.inject(engine.fault("pretend", "neo4j")), ends_s=3 + _OWNERS_S)
    clock.leap(from_s, lease.ends_s + _REAPER_LATER_S, lambda: end_all(home))
    return hold(engine, lease, 3, clock)


_BETWEEN_TWO_LOOKS = (2.475, 2.475 + _TICK_S)  # where he asks whether somebody has ended it, and while he waits


@pytest.mark.parametrize("from_s", _BETWEEN_TWO_LOOKS)
def test_who_comes_late_for_his_last_look_has_seen_it_a_moment_before(home: FakeHome, from_s: float) -> None:
    held = held_by_who_stopped(home, from_s)
    assert held == Held(held.for_s)
    assert held.for_s >= 3


@pytest.mark.parametrize("from_s", [each - 2 for each in _BETWEEN_TWO_LOOKS])
def test_who_was_away_for_long_has_proven_nothing(home: FakeHome, from_s: float) -> None:
    held = held_by_who_stopped(home, from_s)
    assert held.ended_by.startswith("nobody had looked for the last ")
