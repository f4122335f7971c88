"""cpu_burn: keeps processors of this machine busy."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from chaos_aura.core.catalogue import Target
from chaos_aura.core.fault import Capability, Fault, Footprint, Proof, Undo, no
from chaos_aura.core.process import ProcessId
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.lasting.carrier import Carrier
from injectors.refusal import refuse_unless
from injectors.stress.part import PROGRAMS, on_this_machine

_WATCHED_S = 0.1
_ENOUGH = 0.5  # of what was asked: the machine is not only ours
_NS = 1e9
_PER_CENT = 100


@dataclass(frozen=True, slots=True)
class _Burner:
    """One thread. What it waited for a processor, it would have burnt had the machine had one."""

    ran_s: float
    waited_s: float


class CpuBurn:
    kind: ClassVar[str] = "cpu_burn"

    def __init__(self, ground: Ground) -> None:
        self._carrier = Carrier(ground, PROGRAMS / "burn.py")
        self.inject, self.heal, self.gone = self._carrier.inject, self._carrier.heal, self._carrier.gone

    def can(self, fault: Fault, target: Target) -> Capability:
        cores, there_are = fault.number("cores"), _processors()
        if cores > there_are:
            return no(f"there are {there_are} processors, not {cores}", f"ask for cores={there_are}, or 0 for all")
        if not Path("/proc/self/schedstat").exists():
            return no("this kernel does not tell how long a thread ran and waited", "it has no /proc/self/schedstat")
        return on_this_machine(fault, target)

    def footprint(self, fault: Fault, target: Target) -> Footprint:
        return Footprint(frozenset({"processors of this machine"}))

    def prepare(self, fault: Fault, target: Target, lease_id: str) -> Undo:
        refuse_unless(self.can(fault, target), target.name)
        cores = int(fault.number("cores")) or _processors()
        percent = int(fault.number("percent"))
        touches = [f"keeps {cores} processors of this machine busy, {percent} % of each"]
        return self._carrier.undo(fault, lease_id, (cores, percent), touches, cores=cores, percent=percent)

    def in_force(self, undo: Undo) -> Proof:
        helper = self._carrier.helper(undo)
        if helper is None:
            return self._carrier.dead(undo)
        before, began_s = _burners(helper), time.monotonic()
        time.sleep(_WATCHED_S)
        after, lasted_s = _burners(helper), time.monotonic() - began_s
        tried = [
            (after[thread].ran_s - then.ran_s, after[thread].waited_s - then.waited_s)
            for thread, then in before.items()
            if thread in after
        ]
        return _judged(tried, lasted_s, undo.data["cores"], undo.data["percent"])


def _judged(tried: list[tuple[float, float]], lasted_s: float, cores: int, percent: int) -> Proof:
    least_s = _ENOUGH * lasted_s * percent / _PER_CENT
    busy = sum(ran_s > 0 and ran_s + waited_s >= least_s for ran_s, waited_s in tried)
    ran, waited = (sum(column) / lasted_s for column in zip(*tried, strict=True)) if tried else (0.0, 0.0)
    seen = f"{busy} of {cores} burners are busy: they use {ran:.2f} processors and wait for {waited:.2f} more"
    return Proof(busy >= cores, seen, {"processors": ran, "processors_waited_for": waited, "burners": busy})


def _burners(helper: ProcessId) -> dict[str, _Burner]:
    """All threads but the first, which only watches."""
    found = {}
    try:
        for thread in Path(f"/proc/{helper.pid}/task").iterdir():
            if thread.name != str(helper.pid):
                ran, waited, _ = (thread / "schedstat").read_text(encoding="ascii").split()
                found[thread.name] = _Burner(int(ran) / _NS, int(waited) / _NS)
    except (FileNotFoundError, ProcessLookupError):
        return {}  # it has just ended
    return found


def _processors() -> int:
    return len(os.sched_getaffinity(0))
