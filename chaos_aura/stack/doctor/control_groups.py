"""Where this process stands among the kernel's control groups, and what they still allow it."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chaos_aura.core.control_groups import Hierarchy, group_of, hierarchies, hierarchy_with

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
    with suppress(OSError):
        if hierarchy := hierarchy_with(controller):
            return Place(hierarchy.version, _own_folder(controller, hierarchy), hierarchy.mount)
    return None


def versions() -> tuple[int, ...]:
    """Which are mounted."""
    with suppress(OSError):
        return tuple(sorted({hierarchy.version for hierarchy in hierarchies()}))
    return ()


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


def _own_folder(controller: str, hierarchy: Hierarchy) -> Path:
    """A container may see the path of the world outside; then what is mounted is its own."""
    with suppress(OSError):
        folder = group_of("self", controller, hierarchy)
        if folder and folder.is_dir():
            return folder
    return hierarchy.mount


def _text(path: Path) -> str:
    with suppress(OSError):
        return path.read_text(encoding="utf-8").strip()
    return ""
