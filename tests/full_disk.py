"""A disk that is really full, on a small volume of its own where this user may mount one; else this process may let no
file grow any more."""

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PAGE_BYTES = 4096
type Done = subprocess.CompletedProcess[str]


@contextmanager
def small_volume(folder: Path) -> Iterator[None]:
    """There for as long as it lasts, where one may be mounted."""
    folder.mkdir(parents=True, exist_ok=True)
    words = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    mounted = shutil.which("mount") and subprocess.run(words, capture_output=True, check=False).returncode == 0
    try:
        yield
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def told_to_a_full_disk(words: list[str], environ: dict[str, str], cwd: Path, within_s: float) -> Done:
    """What a command says on standard error when its standard output takes nothing."""
    with Path("/dev/full").open("w", encoding="utf-8") as takes_nothing:
        return subprocess.run(
            words,
            cwd=cwd,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=takes_nothing,
            stderr=subprocess.PIPE,
            text=True,
            timeout=within_s,
            check=False,
        )


@contextmanager
def full(path: Path, room: int = 0) -> Iterator[None]:
    """The file may grow by so many bytes, and then no more."""
    if os.path.ismount(path.parent):
        with _filled(path, room):
            yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def _filled(path: Path, room: int) -> Iterator[None]:
    """Empty lines bring the file so near to the end of its last page; there is no other."""
    with path.open("ab") as file:
        file.write(b"\n" * ((-path.stat().st_size - room) % _PAGE_BYTES))
    filling = path.with_name("fills-the-disk")
    with suppress(OSError), filling.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(_PAGE_BYTES))
    try:
        yield
    finally:
        filling.unlink()
