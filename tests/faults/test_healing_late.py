"""Who comes late to heal: the next fault may be just like the one that somebody else has ended."""

import os
import signal
import threading
from dataclasses import dataclass, field

import pytest
from awaiting import wait_until
from controlling import controller
from fake_home import FakeHome, NoGuard

from chaos_aura.core.boot import since_boot_s
from chaos_aura.core.catalogue import Target
from chaos_aura.core.errors import NotInForce
from chaos_aura.core.fault import Fault, Proof, Undo
from chaos_aura.core.lease import Lease, LeaseState, Owner
from chaos_aura.core.process import ProcessId
from chaos_aura.faults.engine import Engine
from chaos_aura.faults.fake import FakeInjector
from chaos_aura.faults.healing import Ending, Healing, Outcome
from chaos_aura.faults.limits import Limits
from chaos_aura.faults.place import TIMELINE
from chaos_aura.faults.registry import Registry
from chaos_aura.faults.telling import Telling

_WITHIN_S = 30


class Alike(FakeInjector):
    """Two of its faults on one target hurt the very same thing, as a clock that is set or a process that is paused."""

    def prepare(self, fault: Fault, target: Target, lease_id: str) -> Undo:
        path = self.folder / "struck" / target.name
        return Undo({"path": str(path)}, touches=(f"writes {path}",), by_hand=f"rm -f {path}")


class Halting(Alike):
    """Stops where it has healed and not looked yet, once."""

    def __init__(self, home: FakeHome) -> None:
        super().__init__(home.ground)
        self.reached, self.goes_on = threading.Event(), threading.Event()

    def gone(self, undo: Undo) -> Proof:
        self.reached.set()
        assert self.goes_on.wait(_WITHIN_S)
        return super().gone(undo)


@dataclass
class Late:
    """Heals in another process's name."""

    home: FakeHome
    injector: FakeInjector
    ended: list[Outcome] = field(default_factory=list)

    def heal(self, lease: Lease) -> None:
        telling = Telling(self.home.ground.folder / TIMELINE)
        me = Owner(ProcessId(1, 1), lease.owner.boot)
        self.ended.append(Healing(self.home.ledger, Registry((self.injector,)), telling, me).heal(lease))
        telling.close()


@pytest.fixture
def engine(home: FakeHome) -> Engine:
    return Engine(home.ground, Registry((Alike(home.ground),)), NoGuard(), limits=Limits())


def inject(engine: Engine) -> Lease:
    return engine.inject(engine.fault("pretend", "neo4j", lasts_s=60))


def test_who_begins_late_leaves_the_next_fault_alone(home: FakeHome, engine: Engine) -> None:
    lease = inject(engine)
    engine.heal([lease])
    following = inject(engine)
    written = home.ledger.path.read_bytes()
    late = Late(home, Alike(home.ground))
    late.heal(lease)
    assert home.fake.struck() == {"neo4j"}
    assert home.ledger.path.read_bytes() == written
    [outcome] = late.ended
    assert (outcome.ending, outcome.why) == (Ending.HEALED, "its file is not there")
    engine.heal([following])
    assert home.fake.struck() == set()


def test_who_was_stopped_while_healing_leaves_the_next_fault_alone(home: FakeHome, engine: Engine) -> None:
    lease, halting = inject(engine), Halting(home)
    late = Late(home, halting)
    thread = threading.Thread(target=late.heal, args=(lease,))
    thread.start()
    assert halting.reached.wait(_WITHIN_S)
    engine.heal([lease])
    following = inject(engine)
    halting.goes_on.set()
    thread.join(_WITHIN_S)
    assert [outcome.ending for outcome in late.ended] == [Ending.HEALED]
    assert engine.prove(following)
    engine.heal([following])


def test_what_was_closed_before_its_owner_injected_it_is_healed_by_him(home: FakeHome) -> None:
    """As another engine of the same process would: nobody else closes such a lease."""

    def close(step: str) -> None:
        if step == "inject":
            [lease] = home.ledger.open_leases()
            home.ledger.change(lease, LeaseState.HEALED, "not there yet")

    engine = Engine(home.ground, Registry((Alike(home.ground),)), NoGuard(), limits=Limits(), on_step=close)
    with pytest.raises(NotInForce, match="ended by somebody else"):
        inject(engine)
    assert home.fake.struck() == set()


def test_a_ledger_that_cannot_be_read_keeps_nobody_from_healing(home: FakeHome, engine: Engine) -> None:
    lease = inject(engine)
    home.ledger.path.unlink()
    home.ledger.path.mkdir()
    late = Late(home, Alike(home.ground))
    late.heal(lease)
    assert late.ended[0].ending is Ending.HEALED
    assert home.fake.struck() == set()


def test_an_owner_that_ends_it_on_time_has_time_for_it(home: FakeHome, engine: Engine) -> None:
    """Otherwise the reaper heals beside it."""
    short = engine.inject(engine.fault("pretend", "neo4j", lasts_s=0.4))
    home.fake.tell("heal", f"hang {_WITHIN_S}")
    thread = threading.Thread(target=engine.heal, args=([short],))
    began_s = since_boot_s()
    thread.start()
    wait_until(home.fake.hangs, _WITHIN_S, "it is being healed")
    assert began_s + 1 < home.ledger.leases()[short.id].ends_s < since_boot_s() + 5
    home.fake.forget("heal")
    home.fake.go_on()
    thread.join(_WITHIN_S)
    assert not home.ledger.open_leases()
    early = inject(engine)
    engine.heal([early])
    assert home.ledger.leases()[early.id].ends_s == early.ends_s


def test_an_owner_that_is_stopped_while_it_heals_is_not_waited_for(home: FakeHome) -> None:
    with controller(home.home, home.environ, "in_force", "pretend", "neo4j", "60") as one:
        one.await_step("in_force")
        home.fake.tell("heal", "hang 60")
        one.go_on()
        wait_until(home.fake.hangs, _WITHIN_S, "it heals")
        os.kill(one.process.pid, signal.SIGSTOP)
        home.fake.forget("heal")
        [lease] = home.ledger.open_leases()
        home.ledger.change(lease, lease.state, lease.why, ends_s=since_boot_s())  # its time is over
        wait_until(lambda: not home.ledger.open_leases(), _WITHIN_S, "the reaper has healed it")
        assert not home.fake.struck()
        assert one.process.poll() is None
