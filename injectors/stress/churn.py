"""process_churn: starts short processes all the time."""

import shutil
from pathlib import Path
from typing import ClassVar

from chaos_aura.core.boot import since_boot_s
from chaos_aura.core.catalogue import Target
from chaos_aura.core.fault import Capability, Fault, Footprint, Proof, Undo, no
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.lasting.carrier import Carrier
from injectors.refusal import refuse_unless
from injectors.stress.part import PROGRAMS, on_this_machine

_LEAST_WINDOW_S, _OLDEST_S = 0.5, 0.5
_ENOUGH = 0.9
_SHORTEST = "true"


class ProcessChurn:
    kind: ClassVar[str] = "process_churn"

    def __init__(self, ground: Ground) -> None:
        self._carrier = Carrier(ground, PROGRAMS / "churn.py")
        self.inject, self.heal, self.gone = self._carrier.inject, self._carrier.heal, self._carrier.gone

    def can(self, fault: Fault, target: Target) -> Capability:
        if shutil.which(_SHORTEST) is None:
            return no("this machine has no program `true` to start", "install coreutils")
        return on_this_machine(fault, target)

    def footprint(self, fault: Fault, target: Target) -> Footprint:
        return Footprint(frozenset({"process table of this machine"}))

    def prepare(self, fault: Fault, target: Target, lease_id: str) -> Undo:
        refuse_unless(self.can(fault, target), target.name)
        rate = int(fault.number("rate_per_s"))
        touches = [f"starts {rate} short processes a second on this machine"]
        return self._carrier.undo(fault, lease_id, (rate, shutil.which(_SHORTEST)), touches, rate_per_s=rate)

    def in_force(self, undo: Undo) -> Proof:
        """Over half a second at least: until then it is not proven."""
        if self._carrier.helper(undo) is None:
            return self._carrier.dead(undo)
        told, asked = self._carrier.figures(undo), undo.data["rate_per_s"]
        window_s = told.get("window_s", 0.0)
        if since_boot_s() - told.get("at_s", 0.0) > _OLDEST_S or window_s < _LEAST_WINDOW_S:
            return Proof(False, f"starts have been counted for {window_s:.1f} s only")
        rate = told["window"] / window_s
        seen = f"{rate:.0f} processes a second were started for {window_s:.1f} s, {asked} were asked"
        facts = {"rate_per_s": rate, "started": told["started"], "started_on_machine": _started_ever()}
        if told["window"] < max(1.0, _ENOUGH * asked * window_s - 1):  # the next one may be due just now
            return Proof(False, f"{seen}; more are not reached here now: ask for rate_per_s={_reachable(rate)}", facts)
        return Proof(True, seen, facts)


def _reachable(rate: float) -> int:
    return max(1, int(_ENOUGH * rate))


def _started_ever() -> int:
    """By everybody, as the kernel counts them: the difference between two proofs shows the churn."""
    rows = Path("/proc/stat").read_text(encoding="ascii").splitlines()
    return next(int(row.split()[1]) for row in rows if row.startswith("processes "))
