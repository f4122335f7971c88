"""Where processes stand among the kernel's control groups, version 1 and 2, and where a group for one could be made."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_LIMITS_OF_A_GROUP = ("cpu.max", "memory.max", "memory.high")


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """One mount. `root` is the group that it shows as its top."""

    version: int
    mount: Path
    root: str


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
        path = self._path_of(pid, controller if hierarchy.version == 1 else "")
        below = path if hierarchy.root == "/" else path.removeprefix(hierarchy.root)
        return hierarchy.mount / below.strip("/")

    def _hierarchy(self, controller: str) -> Hierarchy:
        """Of version 1 where both are mounted and it has the controller: then version 2 has not."""
        unified = None
        for version, hierarchy, carried in self._mounts():
            if version == 1 and controller in carried:
                return hierarchy
            if version == 2 and controller in _words(hierarchy.mount / "cgroup.controllers"):  # noqa: PLR2004
                unified = hierarchy
        if unified is None:
            raise NoPlace(f"no control groups with {controller} are mounted")
        return unified

    def _mounts(self) -> list[tuple[int, Hierarchy, list[str]]]:
        found = []
        for line in (self.proc / "self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            before, _, after = line.partition(" - ")
            kind, _, options = [*after.split(" "), "", ""][:3]
            if kind in ("cgroup", "cgroup2"):
                root, mount = before.split(" ")[3:5]
                version = 2 if kind == "cgroup2" else 1
                found.append((version, Hierarchy(version, Path(mount), root), options.split(",")))
        return found

    def _path_of(self, pid: int, controller: str) -> str:
        """The line of version 2 is `0::/path`; one of version 1 is `4:cpu,cpuacct:/path`."""
        for line in (self.proc / str(pid) / "cgroup").read_text(encoding="utf-8").splitlines():
            number, carried, path = line.split(":", 2)
            if (controller in carried.split(",")) if controller else (number == "0"):
                return path
        raise NoPlace(f"process {pid} is in no control group of {controller or 'version 2'}")


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
            if _words(former / name)[:1] not in ([], ["max"]):
                raise NoPlace(f"{former} has a {name} of its own, which would not hold in a group beside it")
    if controller not in _words(parent / "cgroup.subtree_control"):
        raise NoPlace(f"{parent} does not pass {controller} on to the groups in it")
    return parent


def _words(path: Path) -> list[str]:
    with suppress(OSError):
        return path.read_text(encoding="utf-8").split()
    return []
