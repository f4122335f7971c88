"""Whatever an injector raises is a line, and stops nobody else's healing."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fake_home import FakeHome

from chaos_aura.core.errors import NotHealed, PlugInBroken
from chaos_aura.core.lease import LeaseState
from chaos_aura.faults.border import bordered
from chaos_aura.faults.healing import Ending


@pytest.mark.parametrize("step", ["prepare", "inject", "in_force"])
def test_an_injector_that_exits_is_a_plug_in_that_is_broken(home: FakeHome, step: str) -> None:
    home.fake.tell(step, "exit no licence")
    engine = home.engine()
    with pytest.raises(PlugInBroken, match=rf"method `{step}` failed \(SystemExit: no licence\); mend the plug-in"):
        engine.inject(engine.fault("pretend", "neo4j"))
    assert not home.fake.struck()
    assert not home.ledger.open_leases()


def test_one_that_exits_while_healing_keeps_no_other_from_it(home: FakeHome) -> None:
    engine = home.engine()
    leases = [engine.inject(engine.fault("pretend", target)) for target in ("neo4j", "redis", "kafka")]
    home.fake.tell("heal", "exit no licence")
    outcomes = engine.heal(leases)
    assert {outcome.ending for outcome in outcomes} == {Ending.STUCK}
    assert {outcome.why for outcome in outcomes} == {"fake failed (SystemExit: no licence)"}
    assert {lease.state for lease in home.ledger.open_leases()} == {LeaseState.STUCK}
    home.fake.forget("heal")
    assert {outcome.ending for outcome in engine.heal(leases)} == {Ending.HEALED}


def test_what_a_plug_in_says_in_several_lines_is_told_in_one(home: FakeHome) -> None:
    home.fake.tell("in_force", "crash it\nhas\n  lines")
    home.fake.tell("heal", "crash these\n\ntoo")
    engine = home.engine()
    with pytest.raises(NotHealed) as failed:
        engine.inject(engine.fault("pretend", "neo4j"))
    assert "method `in_force` failed (ZeroDivisionError: it has lines)" in str(failed.value)
    assert "fake failed (ZeroDivisionError: these too)" in str(failed.value)
    assert "\n" not in str(failed.value)
    [lease] = home.ledger.open_leases()
    assert lease.why == "fake failed (ZeroDivisionError: these too)"
    home.fake.forget("heal")
    assert [outcome.ending for outcome in engine.heal([lease])] == [Ending.HEALED]


@contextmanager
def told_to_exit() -> Iterator[None]:
    """As Chaos Toolkit is, by a signal."""

    def leave(number: int, frame: object) -> None:
        raise SystemExit(20)

    former = signal.signal(signal.SIGUSR1, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, former)


def test_an_exit_that_a_signal_asks_for_is_none_of_the_plug_ins() -> None:
    def be_told() -> None:
        os.kill(os.getpid(), signal.SIGUSR1)

    with told_to_exit(), pytest.raises(SystemExit) as left:
        bordered("fake", "inject", be_told)
    assert left.value.code == 20
