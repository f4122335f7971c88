"""Where among the kernel's control groups, version 1 and 2, one for a process could be made."""

from dataclasses import dataclass
from pathlib import Path

from chaos_aura.core.control_groups import Hierarchy, group_of, hierarchy_with, words_of

_LIMITS_OF_A_GROUP = ("cpu.max", "memory.max", "memory.high")


@dataclass(frozen=True, slots=True)
class Place:
    """A process is in `former`; a group for it would be made in `parent`."""

    version: int
    mount: Path
    former: Path
    parent: Path


class NoPlace(Exception):
    """Why there can be no group for it."""


@dataclass(frozen=True, slots=True)
class Groups:
    proc: Path = Path("/proc")

    def place_for(self, pid: int, controller: str) -> Place:
        """NoPlace, or OSError where the process has ended."""
        hierarchy = self._hierarchy(controller)
        former = self.group_of(pid, controller, hierarchy)
        if hierarchy.version == 1:
            return Place(1, hierarchy.mount, former, former)
        return Place(2, hierarchy.mount, former, _unified_parent(former, hierarchy.mount, controller))

    def group_of(self, pid: int, controller: str, hierarchy: Hierarchy | None = None) -> Path:
        """The folder of the group in which it is now."""
        hierarchy = hierarchy or self._hierarchy(controller)
        group = group_of(pid, controller, hierarchy, self.proc)
        if group is None:
            kind = controller if hierarchy.version == 1 else "version 2"
            raise NoPlace(f"process {pid} is in no control group of {kind}")
        return group

    def _hierarchy(self, controller: str) -> Hierarchy:
        hierarchy = hierarchy_with(controller, self.proc)
        if hierarchy is None:
            raise NoPlace(f"no control groups with {controller} are mounted")
        return hierarchy


def _unified_parent(former: Path, mount: Path, controller: str) -> Path:
    """A group of version 2 that has processes passes no controller on to groups in it, so ours is made beside it.

    Only the topmost group of all may have both; it is the one without a type. Beside a group its limits do not hold.
    """
    if not (former / "cgroup.type").exists():
        parent = former
    elif former == mount:
        raise NoPlace(f"{former} has processes, and no group beside it can be seen from here")
    else:
        parent = former.parent
        for name in _LIMITS_OF_A_GROUP:
            if words_of(former / name)[:1] not in ([], ["max"]):
                raise NoPlace(f"{former} has a {name} of its own, which would not hold in a group beside it")
    if controller not in words_of(parent / "cgroup.subtree_control"):
        raise NoPlace(f"{parent} does not pass {controller} on to the groups in it")
    return parent
