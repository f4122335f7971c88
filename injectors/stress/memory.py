"""memory_fill: takes memory of this machine and touches it."""

from pathlib import Path
from typing import ClassVar

from chaos_aura.core.catalogue import Target
from chaos_aura.core.fault import YES, Capability, Fault, Footprint, Proof, Undo, no
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.lasting.carrier import Carrier
from injectors.refusal import refuse_unless
from injectors.stress.part import BYTES_PER_MB, PROGRAMS, on_this_machine, read_mb, status_mb, takes_s

_STAYS_MB = 256
_CGROUPS = Path("/sys/fs/cgroup")


class MemoryFill:
    kind: ClassVar[str] = "memory_fill"

    def __init__(self, ground: Ground) -> None:
        self._carrier = Carrier(ground, PROGRAMS / "hold_memory.py")
        self.inject, self.heal, self.gone = self._carrier.inject, self._carrier.heal, self._carrier.gone

    def can(self, fault: Fault, target: Target) -> Capability:
        return on_this_machine(fault, target) and _has_room(fault.number("size_mb"))

    def footprint(self, fault: Fault, target: Target) -> Footprint:
        return Footprint(frozenset({"memory of this machine"}))

    def prepare(self, fault: Fault, target: Target, lease_id: str) -> Undo:
        refuse_unless(self.can(fault, target), target.name)
        size_mb = int(fault.number("size_mb"))
        touches = [f"takes {size_mb} MB of this machine's memory"]
        arguments = (size_mb * BYTES_PER_MB,)
        return self._carrier.undo(fault, lease_id, arguments, touches, takes_s=takes_s(fault), size_mb=size_mb)

    def in_force(self, undo: Undo) -> Proof:
        helper = self._carrier.helper(undo)
        if helper is None:
            return self._carrier.dead(undo)
        held_mb, size_mb = status_mb(helper.pid, "RssAnon"), undo.data["size_mb"]
        free_mb = available_mb()
        seen = f"its helper holds {held_mb:.0f} of {size_mb} MB, {free_mb:.0f} MB are available"
        return Proof(held_mb >= size_mb, seen, {"held_mb": held_mb, "available_mb": free_mb})


def available_mb() -> float:
    """Of the machine, or of the strictest group of processes that this one is in."""
    return min([read_mb(Path("/proc/meminfo"), "MemAvailable"), *_left_in_groups_mb()])


def _has_room(size_mb: float) -> Capability:
    available = available_mb()
    if available - size_mb >= _STAYS_MB:
        return YES
    most = max(0, int(available) - _STAYS_MB)
    why = f"{available:.0f} MB are available, and {_STAYS_MB} of them must stay so: no room for {size_mb:.0f} MB"
    return no(why, f"ask for size_mb={most} or less" if most else "free some memory")


def _left_in_groups_mb() -> list[float]:
    """A helper inherits our groups. Version 2 has one hierarchy, in version 1 memory has its own."""
    found = []
    for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            found += _left_mb(_CGROUPS, path, "memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            files = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            found += _left_mb(_CGROUPS / "memory", path, *files)
    return found


def _left_mb(root: Path, path: str, limit: str, usage: str, reclaimable: str) -> list[float]:
    """In each group upwards. One seen from inside a container may have no such path, only its root."""
    group, left = root / path.lstrip("/"), []
    for folder in (group, *group.parents):
        if not folder.is_relative_to(root):
            break
        try:
            text = (folder / limit).read_text(encoding="ascii").strip()
            if text != "max":
                used = int((folder / usage).read_text(encoding="ascii")) - _stat(folder / "memory.stat", reclaimable)
                left.append((int(text) - used) / BYTES_PER_MB)
        except FileNotFoundError:
            continue
    return left


def _stat(path: Path, name: str) -> int:
    """What the kernel would give back before it is short of memory."""
    for line in path.read_text(encoding="ascii").splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return int(value)
    return 0
