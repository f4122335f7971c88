"""Where this process stands among the kernel's control groups, and what they still allow it. Version 1, 2 or both."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_UNLIMITED_BYTES = 1 << 60


@dataclass(frozen=True, slots=True)
class Place:
    """This process's own folder for one controller, below `top`."""

    version: int
    folder: Path
    top: Path

    def upwards(self) -> Iterator[Path]:
        folder = self.folder
        yield folder
        while folder != self.top and self.top in folder.parents:
            folder = folder.parent
            yield folder


def place_of_own(controller: str) -> Place | None:
    """None where the kernel has no such controller, or its groups are not mounted."""
    unified = None
    for mount, root, kind, options in _mounts():
        if kind == "cgroup" and controller in options:
            return Place(1, _folder(mount, root, _own_path(controller)), mount)
        if kind == "cgroup2" and controller in _text(mount / "cgroup.controllers").split():
            unified = Place(2, _folder(mount, root, _own_path("")), mount)
    return unified


def versions() -> tuple[int, ...]:
    """Which are mounted."""
    kinds = {kind for _, _, kind, _ in _mounts()}
    return tuple(number for number, kind in ((1, "cgroup"), (2, "cgroup2")) if kind in kinds)


def limit_of_own(controller: str) -> float | None:
    """What is still free of `memory` (bytes) and `pids`, how many processors of `cpu`. None where nothing limits."""
    place = place_of_own(controller)
    if place is None:
        return None
    readings = {"cpu": _processors, "memory": _free_bytes, "pids": _free_pids}
    limits = [limit for folder in place.upwards() if (limit := readings[controller](folder)) is not None]
    return min(limits, default=None)


def _processors(folder: Path) -> float | None:
    quota, _, period = _text(folder / "cpu.max").partition(" ")
    quota = quota or _text(folder / "cpu.cfs_quota_us")
    period = period or _text(folder / "cpu.cfs_period_us")
    return int(quota) / int(period) if quota.isdecimal() and period.isdecimal() else None


def _free_bytes(folder: Path) -> float | None:
    limit = _text(folder / "memory.max") or _text(folder / "memory.limit_in_bytes")
    used = _text(folder / "memory.current") or _text(folder / "memory.usage_in_bytes")
    if not limit.isdecimal() or int(limit) > _UNLIMITED_BYTES or not used.isdecimal():
        return None
    rows = dict(line.split() for line in _text(folder / "memory.stat").splitlines())
    given_back_when_asked = int(rows.get("total_inactive_file", rows.get("inactive_file", "0")))
    return max(0, int(limit) - int(used) + given_back_when_asked)


def _free_pids(folder: Path) -> float | None:
    limit, used = _text(folder / "pids.max"), _text(folder / "pids.current")
    return max(0, int(limit) - int(used)) if limit.isdecimal() and used.isdecimal() else None


def _mounts() -> list[tuple[Path, str, str, list[str]]]:
    """Mount point, the group it shows as its top, type, and what the mount carries."""
    found = []
    for line in _text(Path("/proc/self/mountinfo")).splitlines():
        before, _, after = line.partition(" - ")
        kind, _source, options = [*after.split(" "), "", ""][:3]
        if kind in ("cgroup", "cgroup2"):
            _, _, _, root, mount = before.split(" ")[:5]
            found.append((Path(mount), root, kind, options.split(",")))
    return found


def _own_path(controller: str) -> str:
    """The line of the unified hierarchy is `0::/path`; of another `4:cpu,cpuacct:/path`."""
    for line in _text(Path("/proc/self/cgroup")).splitlines():
        number, controllers, path = line.split(":", 2)
        if controller in controllers.split(",") and (controller or number == "0"):
            return path
    return "/"


def _folder(mount: Path, root: str, path: str) -> Path:
    """A container may see the path of the world outside; then what is mounted is its own."""
    below = path.removeprefix(root) if root != "/" else path
    folder = mount / below.lstrip("/")
    return folder if folder.is_dir() else mount


def _text(path: Path) -> str:
    with suppress(OSError):
        return path.read_text(encoding="utf-8").strip()
    return ""
