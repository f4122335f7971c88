"""Whether the cache can take what is to come, and what it means when it could not."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chaos_aura.core.errors import CacheUnsound, ChaosAuraError, MachineLacks

_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
_OTHER_FOLDER = "set CHAOS_AURA_CACHE to a folder"


def require_room(root: Path, needed_bytes: int) -> None:
    free_bytes = shutil.disk_usage(root).free
    if free_bytes < needed_bytes:
        raise _no_room(root, f"{in_mb(needed_bytes)} are needed and {in_mb(free_bytes)} are free")


@contextmanager
def disk_errors(root: Path, missing: str) -> Iterator[None]:
    """`missing` says what the cache lacks: `3 of 272 parts are missing or unsound`."""
    try:
        yield
    except OSError as problem:
        raise _explained(root, missing, problem) from problem


def _explained(root: Path, missing: str, problem: OSError) -> ChaosAuraError:
    if problem.errno in _NO_SPACE:
        return _no_room(root, f"{missing} and the disk became full ({problem.strerror})")
    why = f"{missing} and it cannot be written ({problem.strerror or problem}: {problem.filename or root})"
    return CacheUnsound(f"cache {root}", why, f"make it writable, or {_OTHER_FOLDER} that is")


def _no_room(root: Path, why: str) -> MachineLacks:
    return MachineLacks(f"cache {root}", why, f"make room there, or {_OTHER_FOLDER} with more")


def in_mb(number: int) -> str:
    return f"{number / 1e6:.1f} MB"
