"""Puts all processes of a service into a control group of their own, which has less than they had.

Memory that a process has already stays charged to its former group (the kernel does not move it any more). What the new
group may have is therefore only the difference: what was asked for, less what the processes own when it is prepared.
"""

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

from chaos_aura.core.catalogue import Target
from chaos_aura.core.errors import ChaosAuraError, TargetUnfit
from chaos_aura.core.fault import Capability, Fault, Footprint, Proof, Undo, no
from chaos_aura.core.process import ProcessId
from chaos_aura.faults.ground import Ground
from injectors.cgroup.controls import Control, cpu_controls, hits, memory_controls, owned_bytes
from injectors.cgroup.group import Group, try_controls
from injectors.cgroup.groups import Groups, NoPlace, Place
from injectors.supervised.family import described, family_of
from injectors.supervised.service import end_of, is_supervised, running

_MB = 1024 * 1024
_LEAST_MORE_BYTES = 8 * _MB  # below that it would be killed by its next few page faults
_CONTROLLERS = {"cpu_throttle": "cpu", "memory_limit": "memory"}
_THINGS = {"cpu": "processor time", "memory": "memory"}
_REMEDY = "run as root, or in a group of your own: systemd-run --user --scope -p Delegate=yes chaos-aura up"
_PASSES = 5
Data = Mapping[str, Any]


class CgroupInjector:
    """Whom its supervisor starts again is outside of the group, and has shed the limit."""

    name: ClassVar[str] = "cgroup"
    kinds: ClassVar[frozenset[str]] = frozenset(_CONTROLLERS)
    settle_s: ClassVar[float] = 0.0  # a system call is over before its caller can die

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._tried: set[tuple[Path, tuple[Control, ...]]] = set()

    def can(self, fault: Fault, target: Target) -> Capability:
        capability = is_supervised(self._ground, target)
        if not capability:
            return capability
        process = self._ground.process_of(target.name)
        try:
            place = Groups().place_for(process.pid if process else os.getpid(), _CONTROLLERS[fault.kind])
            self._try(place, _controls(fault, place.version, 0))
        except (NoPlace, OSError) as cause:
            return no(f"no control group for {target.name}: {_why(cause)}", _REMEDY)
        return capability

    def footprint(self, fault: Fault, target: Target) -> Footprint:
        """One that is only slower still does what the healing of other faults asks of it."""
        writes = frozenset({f"{_THINGS[_CONTROLLERS[fault.kind]]} of {target.name}"})
        return Footprint(writes, frozenset() if fault.kind == "cpu_throttle" else frozenset({target.name}))

    def prepare(self, fault: Fault, target: Target, lease_id: str) -> Undo:
        main, controller = running(self._ground, target.name), _CONTROLLERS[fault.kind]
        try:
            place = Groups().place_for(main.pid, controller)
        except (NoPlace, OSError) as cause:
            raise TargetUnfit(target.name, f"no control group for it: {_why(cause)}", _REMEDY) from cause
        family = family_of(main)
        _refuse_scattered(target.name, family, controller, place)
        owned = owned_bytes(family) if controller == "memory" else 0
        controls = _controls(fault, place.version, owned)
        group = place.parent / f"chaos-aura-{lease_id}"
        data = {
            "service": target.name,
            "process": str(main),
            "controller": controller,
            "version": place.version,
            "mount": str(place.mount),
            "former": str(place.former),
            "group": str(group),
            "controls": [asdict(control) for control in controls],
            "owned_bytes": owned,
            "limit_bytes": int(fault.number("limit_mb")) * _MB if controller == "memory" else 0,
        }
        limits = ", ".join(f"{control.file} {control.value}" for control in controls)
        touches = (f"{described(family)} goes into {group} with {limits}",)
        return Undo(data, touches, _by_hand(group, place.former))

    def inject(self, undo: Undo) -> None:
        data = undo.data
        main, group = ProcessId.parse(data["process"]), Group(Path(data["group"]))
        try:
            group.make(_read_controls(data))
            for _ in range(_PASSES):
                family = family_of(main)
                if not family:
                    raise end_of(main, data["service"])
                inside = set(group.pids())
                outside = [process for process in family if process.pid not in inside]
                if not outside:
                    return
                group.take_in(outside)
        except OSError as cause:
            raise TargetUnfit(data["service"], f"{group.folder}: {_why(cause)}", _REMEDY) from cause

    def heal(self, undo: Undo) -> None:
        _check_mounted(undo.data)
        group, former = Group(Path(undo.data["group"])), Path(undo.data["former"])
        try:
            group.remove(former)
        except OSError as cause:
            why = f"{group.folder} cannot be emptied into {former} and removed: {_why(cause)}"
            raise TargetUnfit(undo.data["service"], why, f"run: {undo.by_hand}") from cause

    def in_force(self, undo: Undo) -> Proof:
        data = undo.data
        main, group = ProcessId.parse(data["process"]), Group(Path(data["group"]))
        family = family_of(main)
        if not family:
            return Proof(False, f"process {main.pid} is dead")
        if not group.folder.exists():
            return Proof(False, f"there is no {group.folder}")
        inside = set(group.pids())
        if outside := [process for process in family if process.pid not in inside]:
            return Proof(False, f"{described(outside)}: not in {group.folder}")
        if wrong := group.unlike(_read_controls(data)):
            return Proof(False, wrong)
        return _held_back(data, group, family)

    def gone(self, undo: Undo) -> Proof:
        data = undo.data
        _check_mounted(data)
        group, main = Group(Path(data["group"])), ProcessId.parse(data["process"])
        if group.folder.exists():
            return Proof(False, f"{group.folder} is still there, with {len(group.pids())} processes in it")
        if not main.is_alive():
            return Proof(True, f"process {main.pid} is dead, its group removed")
        try:
            now = Groups().group_of(main.pid, data["controller"])
        except (NoPlace, OSError) as cause:
            raise TargetUnfit(data["service"], f"its control group cannot be read: {_why(cause)}", _REMEDY) from cause
        return Proof(True, f"process {main.pid} is in {now}, the group with the limit is removed")

    def _try(self, place: Place, controls: tuple[Control, ...]) -> None:
        """OSError when refused. What went well once is not tried again."""
        if (place.parent, controls) in self._tried:
            return
        for folder in {place.former, place.parent}:
            if not os.access(folder / "cgroup.procs", os.W_OK):
                raise PermissionError(f"{folder} may not be given processes")
        me = ProcessId.of(os.getpid())
        assert me
        try_controls(place.parent, controls, me)
        self._tried.add((place.parent, controls))


def _controls(fault: Fault, version: int, owned: int) -> tuple[Control, ...]:
    if fault.kind == "cpu_throttle":
        return cpu_controls(version, int(fault.number("percent")))
    asked = int(fault.number("limit_mb")) * _MB
    if owned and asked - owned < _LEAST_MORE_BYTES:
        least_mb = -(-(owned + _LEAST_MORE_BYTES) // _MB)
        why = f"has {owned / _MB:.0f} MB already: with {asked // _MB} MB the kernel would kill it at once"
        raise TargetUnfit(fault.target, why, f"ask for {least_mb} MB or more, or use kill")
    return memory_controls(version, asked - owned)


def _held_back(data: Data, group: Group, family: Sequence[ProcessId]) -> Proof:
    count = hits(group.folder, data["controller"], data["version"])
    limits = ", ".join(f"{control.file} {control.value}" for control in _read_controls(data))
    seen = f"{limits} read back, {described(family)} in it, held back {count} times"
    facts = {"held_back": count, "processes": len(family)}
    if data["controller"] == "cpu":
        return Proof(True, seen, facts)
    owned, limit = owned_bytes(family), data["limit_bytes"]
    seen = f"{seen}; {owned / _MB:.0f} of {limit / _MB:.0f} MB owned"
    return Proof(owned <= limit, seen, {**facts, "owned_bytes": owned, "limit_bytes": limit})


def _refuse_scattered(service: str, family: Sequence[ProcessId], controller: str, place: Place) -> None:
    """All go back into one group, so they must come from one."""
    for process in family:
        try:
            group = Groups().group_of(process.pid, controller)
        except OSError:
            continue  # it has ended
        if group != place.former:
            why = f"its processes are in more than one control group ({place.former} and {group})"
            raise TargetUnfit(service, why, "put them into one")


def _check_mounted(data: Data) -> None:
    if not (Path(data["mount"]) / "cgroup.procs").exists():
        raise TargetUnfit(data["service"], f"no control groups at {data['mount']}", "heal where they are mounted")


def _read_controls(data: Data) -> tuple[Control, ...]:
    return tuple(Control(**row) for row in data["controls"])


def _by_hand(group: Path, former: Path) -> str:
    from_group, to_former = shlex.quote(str(group / "cgroup.procs")), shlex.quote(str(former / "cgroup.procs"))
    return f"for p in $(cat {from_group}); do echo $p > {to_former}; done; rmdir {shlex.quote(str(group))}"


def _why(cause: Exception) -> str:
    if isinstance(cause, ChaosAuraError):
        return cause.why
    return getattr(cause, "strerror", None) or str(cause)
