"""How long a fault may take until it is in force: what an injector asks for is looked at before anything is touched."""

import math
import time
from dataclasses import dataclass
from typing import Any

import pytest
from fake_home import FakeHome, NoGuard

from chaos_aura.core.errors import FaultRefused, NotInForce, PlugInBroken
from chaos_aura.core.fault import Fault
from chaos_aura.core.kinds import KINDS
from chaos_aura.faults.engine import Engine
from chaos_aura.faults.fake import FakeInjector
from chaos_aura.faults.limits import Limits
from chaos_aura.faults.registry import Registry
from injectors.stress import StressInjector

_TOLD_S = 0.3


@dataclass
class Asking:
    """Engines whose injector asks for so long."""

    home: FakeHome

    def engine(self, takes_s: object, longest_s: float = 10.0, proven_within_s: float = 1.0) -> Engine:
        def say(_: object, fault: Fault) -> object:
            if isinstance(takes_s, BaseException):
                raise takes_s
            return takes_s

        made: FakeInjector = type("Asking", (FakeInjector,), {"takes_s": say})(self.home.ground)
        limits = Limits(default_s=5, longest_s=longest_s)
        return Engine(self.home.ground, Registry((made,)), NoGuard(), limits=limits, proven_within_s=proven_within_s)


@pytest.fixture
def asking(home: FakeHome) -> Asking:
    return Asking(home)


def nothing_was_touched(home: FakeHome) -> bool:
    return not home.ledger.leases() and not home.fake.struck()


@pytest.mark.parametrize("said", [None, "soon", -1, -0.1, math.inf, math.nan, True, 10**400, ZeroDivisionError("oops")])
def test_what_is_no_time_is_the_plug_ins_fault_and_touches_nothing(home: FakeHome, asking: Asking, said: Any) -> None:
    home.fake.tell("prepare", "fail it was asked to prepare")
    engine = asking.engine(said)
    with pytest.raises(PlugInBroken, match=r"^injector fake: method `takes_s` ") as broken:
        engine.inject(engine.fault("pretend", "neo4j"))
    assert "\n" not in str(broken.value)
    assert nothing_was_touched(home)


def test_longer_than_any_fault_may_last_is_refused_with_what_to_ask_for(home: FakeHome, asking: Asking) -> None:
    home.fake.tell("prepare", "fail it was asked to prepare")
    engine = asking.engine(600.0)
    for attempt in (engine.plan, engine.inject):
        with pytest.raises(FaultRefused) as refused:
            attempt(engine.fault("pretend", "neo4j"))
        assert str(refused.value) == (
            "pretend of neo4j: may take 600 s until it is in force, longer than longest_s = 10 in chaos-aura.toml; "
            "choose another, or change it there"
        )
    assert nothing_was_touched(home)
    with pytest.raises(FaultRefused, match=r"longest_s = 10 in chaos-aura.toml; ask for less grace_s, or change it"):
        Limits(longest_s=10).check_proving(Fault("stop", "redis", {"grace_s": 600.0}, 5.0), 600.0)


def test_what_an_injector_asks_for_it_is_given(home: FakeHome, asking: Asking) -> None:
    home.fake.tell("in_force", "no")
    engine = asking.engine(_TOLD_S, proven_within_s=0.0)
    began_s = time.monotonic()
    with pytest.raises(NotInForce, match="could not be proven"):
        engine.inject(engine.fault("pretend", "neo4j"))
    assert time.monotonic() - began_s >= _TOLD_S
    asking.engine(10, longest_s=10).plan(engine.fault("pretend", "neo4j"))


def test_a_full_disk_takes_no_longer_than_others(home: FakeHome) -> None:
    """It is filled when `inject` returns, however large it is."""
    stress = StressInjector(home.ground)

    def takes_s(kind: str, **given: object) -> float:
        return stress.takes_s(Fault(kind, "redis", KINDS[kind].read(given), 5.0))

    assert takes_s("disk_full", size_mb=10_000_000, leave_mb=0) == 0.0
    assert takes_s("memory_fill", size_mb=600) == 2.0
    assert takes_s("connection_flood", connections=10_000) == 10.0
    assert takes_s("cpu_burn") == takes_s("process_churn") == 0.0
