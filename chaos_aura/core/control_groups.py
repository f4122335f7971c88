"""Where processes stand among the kernel's control groups, version 1, 2 or both."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_KINDS = {"cgroup": 1, "cgroup2": 2}


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """One mount. `root` is the group that it shows as its top."""

    version: int
    mount: Path
    root: str
    options: tuple[str, ...]

    def has(self, controller: str) -> bool:
        if self.version == 1:
            return controller in self.options
        return controller in words_of(self.mount / "cgroup.controllers")


def hierarchies(proc: Path = _PROC) -> list[Hierarchy]:
    """All that are mounted."""
    found = []
    for line in (proc / "self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines():
        before, _, after = line.partition(" - ")
        kind, _source, options = [*after.split(" "), "", ""][:3]
        if kind in _KINDS:
            root, mount = before.split(" ")[3:5]
            found.append(Hierarchy(_KINDS[kind], Path(mount), root, tuple(options.split(","))))
    return found


def hierarchy_with(controller: str, proc: Path = _PROC) -> Hierarchy | None:
    """Of version 1 where both are mounted and it has the controller: then version 2 has not."""
    having = [each for each in hierarchies(proc) if each.has(controller)]
    return next((each for each in having if each.version == 1), having[-1] if having else None)


def group_of(process: int | str, controller: str, hierarchy: Hierarchy, proc: Path = _PROC) -> Path | None:
    """The folder of the group that it is in now, None when it is in none of that hierarchy. `self` is this process.

    The line of version 2 is `0::/path`; one of version 1 is `4:cpu,cpuacct:/path`.
    """
    for line in (proc / str(process) / "cgroup").read_text(encoding="utf-8").splitlines():
        number, controllers, path = line.split(":", 2)
        if (controller in controllers.split(",")) if hierarchy.version == 1 else (number == "0"):
            below = path if hierarchy.root == "/" else path.removeprefix(hierarchy.root)
            return hierarchy.mount / below.strip("/")
    return None


def words_of(file: Path) -> list[str]:
    """Empty where it cannot be read."""
    with suppress(OSError):
        return file.read_text(encoding="utf-8").split()
    return []
