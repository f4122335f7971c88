"""Room on the disks that a stack writes to."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from chaos_aura.stack.doctor.finding import Finding, Group, State
from chaos_aura.stack.doctor.scene import Scene, is_there, nearest_existing

# A fresh stack is 26 MB. Making a start-up cache takes 250 MB beside it for a minute.
_PROJECT = (100_000_000, 1_000_000_000)
# 200 MB of jars, 210 MB of start-up caches; a Go toolchain brought in for the build is 800 MB for a minute.
_CACHE_FULL = (10_000_000, 300_000_000)
_CACHE_EMPTY = (300_000_000, 1_200_000_000)
_GB = 1_000_000_000
_TEMPORARY = (10_000_000, 200_000_000)


def look_at_room_of_project(scene: Scene) -> Iterator[Finding]:
    yield _finding("disk at the project", scene.project.home, _PROJECT, "or set CHAOS_AURA_PROJECT")


def look_at_room_of_cache(scene: Scene) -> Iterator[Finding]:
    is_filled = is_there(scene.cache.toxiproxy) and is_there(scene.cache.aot_dir)
    needed = _CACHE_FULL if is_filled else _CACHE_EMPTY
    yield _finding("disk at the cache", scene.cache.root, needed, "or set CHAOS_AURA_CACHE")


def look_at_room_for_temporary_files(scene: Scene) -> Iterator[Finding]:
    folder = Path(scene.environ.get("TMPDIR") or scene.temporary)
    if folder.is_dir():
        yield _finding("disk at TMPDIR", folder, _TEMPORARY, "or set TMPDIR")
    else:
        means = "others' folder for temporary files is used instead"
        yield Finding(
            "disk at TMPDIR", Group.MACHINE, State.LIMITED, f"{folder} is no folder", means, f"mkdir {folder}"
        )


def _finding(subject: str, folder: Path, needed: tuple[int, int], otherwise: str) -> Finding:
    least, enough = needed
    free = shutil.disk_usage(nearest_existing(folder)).free
    seen = f"{size_text(free)} free for {folder}"
    remedy = f"make room for {size_text(enough)} there, {otherwise} to a folder with more"
    if free >= enough:
        return Finding(subject, Group.MACHINE, State.OK, seen)
    if free >= least:
        return Finding(subject, Group.MACHINE, State.LIMITED, seen, "it may become full while the stack runs", remedy)
    return Finding(subject, Group.MACHINE, State.MISSING, seen, "the stack cannot write there", remedy, blocks=True)


def size_text(number: float) -> str:
    return f"{number / 1e9:.1f} GB" if number >= _GB else f"{number / 1e6:.0f} MB"
