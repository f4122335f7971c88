"""cpu_throttle without any right: the service is stopped and continued twenty times a second."""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from chaos_aura.core.catalogue import Target
from chaos_aura.core.fault import YES, Capability, Fault, Footprint, Proof, Undo, no
from chaos_aura.core.process import ProcessId
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.lasting.carrier import Carrier
from injectors.duty_cycle.session import go_on, is_stopped, stopped_members
from injectors.refusal import refuse_unless
from injectors.supervised.family import family_of
from injectors.supervised.reach import may_be_signalled
from injectors.supervised.service import just_ended

_MOST_PERCENT = 90  # beyond that it is hardly ever seen stopped
_WATCHED_S = 0.12  # two periods
_LOOK_EVERY_S = 0.002
_INEXACT, _INEXACT_S = 1.3, 0.04  # the kernel counts in hundredths of a second, and two processors run at once
_PER_CENT = 100


class DutyCycleInjector:
    name: ClassVar[str] = "duty-cycle"
    kinds: ClassVar[frozenset[str]] = frozenset({"cpu_throttle"})
    rank: ClassVar[int] = 10  # a control group throttles better, where one may be written
    settle_s: ClassVar[float] = 0.5  # a helper that a dead controller started may just be on its way

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._carrier = Carrier(ground, Path(__file__).with_name("program.py"))

    def can(self, fault: Fault, target: Target) -> Capability:
        capability = may_be_signalled(self._ground, target, "throttled")
        if capability and fault.number("percent") > _MOST_PERCENT:
            why = f"stopping a process proves no share above {_MOST_PERCENT} %"
            return no(why, f"ask for percent={_MOST_PERCENT} or less, or run where cgroups may be written")
        return capability and self._leads_its_group(target.name)

    def footprint(self, fault: Fault, target: Target) -> Footprint:
        """One that is only slower still does what the healing of other faults asks of it."""
        return Footprint(frozenset({f"process {target.name}", f"processor time of {target.name}"}))

    def prepare(self, fault: Fault, target: Target, lease_id: str) -> Undo:
        refuse_unless(self.can(fault, target), target.name)
        process, percent = self._ground.process_of(target.name), int(fault.number("percent"))
        if process is None:
            raise just_ended(target.name)
        touches = [f"stops and continues process {process.pid}: {target.name} gets {percent} % of a processor"]
        undo = self._carrier.undo(fault, lease_id, (process, percent), touches, process=str(process), percent=percent)
        return Undo(undo.data, undo.touches, f"{undo.by_hand}; pkill -CONT -s {process.pid}")

    def inject(self, undo: Undo) -> None:
        self._carrier.inject(undo)

    def heal(self, undo: Undo) -> None:
        try:
            self._carrier.heal(undo)
        finally:  # also when the disk is too full to say that it has ended
            go_on(ProcessId.parse(undo.data["process"]))

    def in_force(self, undo: Undo) -> Proof:
        if self._carrier.helper(undo) is None:
            return self._carrier.dead(undo)
        process, figures = ProcessId.parse(undo.data["process"]), self._carrier.figures(undo)
        if not process.is_alive():
            return Proof(False, f"process {process.pid} has ended")
        seen, stopped = _watch(process)
        used_s, lasted_s = figures.get("used_s", 0.0), figures.get("lasted_s", 0.0)
        percent = _PER_CENT * used_s / lasted_s if lasted_s else 0.0
        allowed_s = _INEXACT * lasted_s * undo.data["percent"] / _PER_CENT + _INEXACT_S
        words = f"process {process.pid} was stopped at {stopped} of {seen} looks, {figures.get('stops', 0):.0f} times"
        words += f" so far, and used {percent:.0f} % of a processor in {lasted_s:.2f} s"
        facts = {"stopped": stopped, "looks": seen, **figures}
        return Proof(stopped > 0 and bool(figures) and used_s <= allowed_s, words, facts)

    def gone(self, undo: Undo) -> Proof:
        helper = self._carrier.gone(undo)
        if not helper:
            return helper
        process = ProcessId.parse(undo.data["process"])
        if stopped := [str(member) for member in stopped_members(process)]:
            return Proof(False, f"process {', '.join(stopped)} is still stopped", {"stopped": stopped})
        now = "runs" if process.is_alive() else "has ended"
        return Proof(True, f"{helper.seen}, process {process.pid} {now}")

    def _leads_its_group(self, service: str) -> Capability:
        """With all that belongs to it. One that ends meanwhile is found to have ended when it is prepared."""
        process = self._ground.process_of(service)
        if process is None:
            return YES
        for member in family_of(process):
            with suppress(ProcessLookupError):
                if os.getpgid(member.pid) != process.pid:
                    return _in_another_group(service, process, member)
        return YES


def _in_another_group(service: str, process: ProcessId, member: ProcessId) -> Capability:
    if member == process:
        why = f"process {process.pid} of {service} shares its group with others"
        return no(why, "start it under chaos-aura's supervisor")
    why = f"process {member.pid} of {service} is in another process group, and would go on at full speed"
    return no(why, "run where control groups may be written: they hold all of it")


def _watch(process: ProcessId) -> tuple[int, int]:
    """How often it was looked at, and found stopped: until both states were seen, or for two periods."""
    looks, stopped, ends_s = 0, 0, time.monotonic() + _WATCHED_S
    while time.monotonic() < ends_s and not 0 < stopped < looks:
        looks, stopped = looks + 1, stopped + is_stopped(process)
        time.sleep(_LOOK_EVERY_S)
    return looks, stopped
