"""A helper lives as long as its fault: its own time is only there for when nobody ends it."""

import textwrap
from pathlib import Path

from fake_home import FakeHome, NoGuard
from standing_reaper import standing_reaper

from chaos_aura.core.catalogue import Target
from chaos_aura.core.fault import Fault, Proof, Undo
from chaos_aura.faults.engine import Engine
from chaos_aura.faults.fake import FakeInjector
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.holding import hold
from chaos_aura.faults.lasting.carrier import Carrier
from chaos_aura.faults.limits import Limits
from chaos_aura.faults.proving import PROVEN_WITHIN_S
from chaos_aura.faults.registry import Registry

_BEGINS_LATE = """
    def run(helper):
        if helper.wait(float(helper.arguments[0])):
            helper.report(began=1)
            helper.wait_to_end()
"""
_LATE_S, _LASTS_S = 1.5, 1.5  # one that counts from its start has ended before its fault has
_TAKES_S = 20.0  # on a busy machine its helper may begin later still


class Carried(FakeInjector):
    """Its fault is in force when its helper has begun, which takes long."""

    def __init__(self, ground: Ground, program: Path) -> None:
        super().__init__(ground)
        self.carrier = Carrier(ground, program)

    def prepare(self, fault: Fault, target: Target, lease_id: str) -> Undo:
        return self.carrier.undo(fault, lease_id, (_LATE_S,), ("nothing",), takes_s=self.takes_s(fault))

    def takes_s(self, fault: Fault) -> float:
        return _TAKES_S

    def inject(self, undo: Undo) -> None:
        self.carrier.inject(undo)

    def heal(self, undo: Undo) -> None:
        self.carrier.heal(undo)

    def in_force(self, undo: Undo) -> Proof:
        if self.carrier.helper(undo) is None:
            return self.carrier.dead(undo)
        return Proof("began" in self.carrier.figures(undo), "whether it has begun")

    def gone(self, undo: Undo) -> Proof:
        return self.carrier.gone(undo)


def test_one_that_takes_long_until_it_is_in_force_is_held_to_its_end(home: FakeHome, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(_BEGINS_LATE))
    with standing_reaper(home.home):
        engine = Engine(home.ground, Registry((Carried(home.ground, program),)), NoGuard(), limits=Limits())
        lease = engine.inject(engine.fault("pretend", "neo4j", lasts_s=_LASTS_S))
        assert lease.undo.data["proving_s"] == PROVEN_WITHIN_S + _TAKES_S
        held = hold(engine, lease, _LASTS_S)
        assert (held.lost, held.ended_by) == ("", "")
        assert [each.is_good for each in engine.heal_mine()] == [True]
        engine.close()
