"""clock_skew: the clock of one service ahead of or behind all others, while it runs.

A service of the local stack that can have a clock of its own is started with a library which adds to the system's time
what a file says. A process that is started again reads the same file: the skew is the service's, not the process's.
"""

import shlex
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import DOCKER, Service, Target
from chaos_aura.core.errors import StackDown, TargetUnfit
from chaos_aura.core.fault import YES, Capability, Fault, Footprint, Proof, Undo, no
from chaos_aura.core.process import ProcessId
from chaos_aura.faults.ground import Ground
from injectors.clock.file import READ_AGAIN_WITHIN_S, ClockFile, content_for
from injectors.clock.process import capability_of
from injectors.clock.reading import TOLERANCE_S, Clock, protocol_of
from injectors.refusal import refuse_unless
from injectors.supervised.service import contained

_LEAST_S = 2 * TOLERANCE_S
_KIND = "clock_skew"
STATIC = ("temporal", "toxiproxy")
# Kafka deletes what is older than a week, by its own clock and for good.
_MOST_AHEAD_S = {"kafka": 6 * 86400.0}


class ClockInjector:
    name: ClassVar[str] = "clock"
    kinds: ClassVar[frozenset[str]] = frozenset({_KIND})
    settle_s: ClassVar[float] = READ_AGAIN_WITHIN_S + 0.1

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def can(self, fault: Fault, target: Target) -> Capability:
        if fault.kind != _KIND:
            return no(f"{self.name} does no {fault.kind}")
        if not isinstance(target, Service):
            return no(f"{target.name} is an edge, and an edge has no clock", "name a service")
        if target.is_contained and not self._is_of_our_stack():
            return contained(target.name)
        if target.name in STATIC:
            return no(f"{target.name} is a static Go program, which asks the kernel itself for the time")
        if not protocol_of(target):
            return no(f"there is no known way to read the clock of {target.name}")
        return can_be_off(target.name, fault.number("offset_s")) and self._has_clock(target)

    def footprint(self, fault: Fault, target: Target) -> Footprint:
        """It says itself what its clock shows, so that it is gone is only told by one that answers."""
        return Footprint(frozenset({f"clock of {target.name}"}), needs=frozenset({target.name}))

    def prepare(self, fault: Fault, target: Target, lease_id: str) -> Undo:
        refuse_unless(self.can(fault, target), target.name)
        process = self._process_of(target.name)
        file = ClockFile.of(target.name, self._ground.home)
        former, says_s = file.read(), file.says_s()
        assert isinstance(target, Service), "`can` says so"
        clock = Clock(target.name, target.address, protocol_of(target))
        seen = clock.read()
        if says_s or not seen.is_off_by(0):
            raise TargetUnfit(target.name, f"its clock is {seen} already", f"write +0 into {file.path}")
        return _undo(clock, process, file, former or content_for(0), fault.number("offset_s"))

    def inject(self, undo: Undo) -> None:
        file = _file(undo)
        if (content := file.read()) not in (undo.data["former"], None):
            raise TargetUnfit(str(file.path), f"was changed meanwhile, to {content!r}", "heal what did that first")
        file.write(undo.data["written"])

    def heal(self, undo: Undo) -> None:
        file = _file(undo)
        if file.read() == undo.data["written"]:
            file.write(undo.data["former"])
        file.tidy()

    def in_force(self, undo: Undo) -> Proof:
        seen, asked_s = _clock(undo).read(), float(undo.data["offset_s"])
        said = f"the clock of {undo.data['service']} is {seen}; asked for {asked_s:+g} s"
        return Proof(seen.is_off_by(asked_s), said, seen.to_dict())

    def gone(self, undo: Undo) -> Proof:
        file, service = _file(undo), undo.data["service"]
        if file.read() == undo.data["written"]:
            return Proof(False, f"{file.path} still says {undo.data['written'].strip()}")
        try:
            seen = _clock(undo).read()
        except TargetUnfit:
            if (process := ProcessId.parse(undo.data["process"])).is_alive():
                raise
            return _gone_with(process, file)
        return Proof(seen.is_off_by(file.says_s()), f"the clock of {service} is {seen}", seen.to_dict())

    def _is_of_our_stack(self) -> bool:
        """Whose containers read the same file, which lies on this machine."""
        with suppress(StackDown):
            return self._ground.catalogue.stack == DOCKER
        return False

    def _has_clock(self, target: Service) -> Capability:
        try:
            return capability_of(self._process_of(target.name), target.name)
        except (StackDown, TargetUnfit) as cause:
            return no(f"{cause.where} {cause.why}", cause.remedy)

    def _process_of(self, service: str) -> ProcessId:
        if process := self._ground.process_of(service):
            return process
        raise TargetUnfit(service, "is not running", f"run: chaos-aura up {service}")


def can_be_off(service: str, offset_s: float) -> Capability:
    if abs(offset_s) < _LEAST_S:
        return no(
            f"{offset_s:+g} s is too little to be proven",
            f"give an offset_s of {_LEAST_S:g} or more, or -{_LEAST_S:g} or less",
        )
    if offset_s > _MOST_AHEAD_S.get(service, offset_s):
        most_s = _MOST_AHEAD_S[service]
        return no(
            f"{service} would delete its events for good, which are kept for a week",
            f"give an offset_s of {most_s:.0f} or less",
        )
    return YES


def _undo(clock: Clock, process: ProcessId, file: ClockFile, former: str, offset_s: float) -> Undo:
    data = {
        "service": clock.service,
        "address": str(clock.address),
        "protocol": clock.protocol,
        "process": str(process),
        "file": str(file.path),
        "former": former,
        "written": content_for(offset_s),
        "offset_s": offset_s,
    }
    path, fresh = shlex.quote(str(file.path)), shlex.quote(f"{file.path}.new")
    touches = (
        f"writes {content_for(offset_s).strip()} into {file.path}, from which {clock.service} reads its clock's error",
    )
    return Undo(data, touches, f"echo {shlex.quote(former.strip())} > {fresh} && mv {fresh} {path}")


def _file(undo: Undo) -> ClockFile:
    return ClockFile(Path(undo.data["file"]))


def _clock(undo: Undo) -> Clock:
    data: Any = undo.data
    return Clock(data["service"], Address.parse(data["address"]), data["protocol"])


def _gone_with(process: ProcessId, file: ClockFile) -> Proof:
    """Its next one, if there is one that does not answer yet, may have read the file while it said otherwise."""
    if (age_s := file.age_s()) < READ_AGAIN_WITHIN_S:
        return Proof(False, f"process {process.pid} is dead; its next one may have read {file.path} {age_s:.2f} s ago")
    return Proof(True, f"process {process.pid} is dead, nobody answers, and {file.path} says {file.says_s():+g}")
