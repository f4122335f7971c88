"""Where a container keeps its data, and which of these places have a size of their own.

All others lie on the disk of the machine, or of a server, with those of everybody else: that is never filled.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chaos_aura.containers.container import Container
from chaos_aura.containers.engine import Engine
from chaos_aura.containers.inside import run_inside
from chaos_aura.core.errors import TargetUnfit
from injectors.docker.resources.volumes import Volumes, is_in_memory

_KB_PER_MB = 1024
_SIZE = re.compile(r"(^|,)size=0*[1-9]")  # 0 is as much as it likes
_OF_THE_SYSTEM = ("/dev", "/run", "/tmp", "/var/run", "/var/tmp", "/proc", "/sys")


@dataclass(frozen=True, slots=True)
class Place:
    """`volume` is empty for a tmpfs of the container's own. `mountpoint`: where this machine sees it."""

    path: str
    volume: str = ""
    mountpoint: str = ""
    in_memory: bool = False


@dataclass(frozen=True, slots=True)
class Room:
    size_mb: float
    free_mb: float


def sized_places(engine: Engine, now: Container, instead: str) -> tuple[Place, ...]:
    """Volumes; where no volume has a size, what it keeps in memory. TargetUnfit when there is none of either.

    `instead`: what to do then.
    """
    volumes = tuple(_volumes(engine, now))
    found = volumes or tuple(_in_memory(now))
    if not found:
        written = [str(row["Destination"]) for row in now.document.get("Mounts") or () if row.get("RW")]
        kept = f"keeps its data where others keep theirs ({', '.join(written)})"
        why = f"{kept if written else 'has no volume, only the disk of its machine'}: that is never filled"
        raise TargetUnfit(now.name, why, instead)
    return found


def room_at(engine: Engine, now: Container, path: str) -> Room:
    """By `df`, inside. TargetUnfit when it does not tell."""
    done = run_inside(engine, now, ("df", "-Pk", path))
    try:
        _, size_kb, _, free_kb = done.last_line.split()[:4]
        return Room(int(size_kb) / _KB_PER_MB, int(free_kb) / _KB_PER_MB)
    except ValueError as cause:
        raise TargetUnfit(now.name, f"cannot be asked how full {path} is: {done.last_line}", "look inside") from cause


def _volumes(engine: Engine, now: Container) -> Iterator[Place]:
    for row in now.document.get("Mounts") or ():
        if row.get("Type") != "volume" or not row.get("RW") or row.get("Driver") != "local":
            continue
        volume = Volumes(engine).inspect(row["Name"])
        if not _has_a_size(volume.get("Options") or {}):
            continue
        if strangers := Volumes(engine).strangers(row["Name"], now):
            why = f"shares its volume {row['Name']} with {', '.join(strangers)}, which is not of its project"
            raise TargetUnfit(now.name, why, "give it a volume of its own")
        yield Place(row["Destination"], row["Name"], str(volume.get("Mountpoint") or ""), is_in_memory(volume))


def _has_a_size(options: Mapping[str, Any]) -> bool:
    """A tmpfs with a size, or a quota of its own. A file server or a disk that is mounted there serves others, too."""
    kind = str(options.get("type") or "none")
    if kind == "tmpfs":
        return bool(_SIZE.search(str(options.get("o") or "")))
    return kind == "none" and not options.get("device") and bool(options.get("size"))


def _in_memory(now: Container) -> Iterator[Place]:
    config = now.host_config
    for path, options in (config.get("Tmpfs") or {}).items():
        if _SIZE.search(options) and not path.startswith(_OF_THE_SYSTEM):
            yield Place(path, in_memory=True)
    for row in config.get("Mounts") or ():
        size = (row.get("TmpfsOptions") or {}).get("SizeBytes")
        if row.get("Type") == "tmpfs" and size and not row["Target"].startswith(_OF_THE_SYSTEM):
            yield Place(row["Target"], in_memory=True)
