"""How hard a limit bites a process as it is now, read from /proc; and whether it would survive it."""

import os
import signal
import stat
from pathlib import Path

from chaos_aura.core.process import ProcessId

_OCTAL = 8
_HEXADECIMAL = 16


def open_files(process: ProcessId, limit: int) -> tuple[int, int]:
    """How many are open, and how many more could be: the numbers below the limit that are free."""
    numbers = _numbers(process)
    return len(numbers), max(0, limit - sum(number < limit for number in numbers))


def written_files(process: ProcessId, limit_bytes: int) -> tuple[int, int]:
    """How many regular files it has open for writing, and how many of them have reached the limit."""
    sizes = [size for number in _numbers(process) if (size := _size_if_written(process, number)) is not None]
    return len(sizes), sum(size >= limit_bytes for size in sizes)


def survives_file_size_limit(process: ProcessId) -> bool:
    """One that neither ignores nor catches SIGXFSZ is killed by its first write beyond the limit."""
    bit = 1 << (signal.SIGXFSZ - 1)
    return any(mask & bit for mask in _signal_masks(process))


def _signal_masks(process: ProcessId) -> list[int]:
    try:
        lines = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return [int(line.split()[1], _HEXADECIMAL) for line in lines if line.startswith(("SigIgn:", "SigCgt:"))]


def _numbers(process: ProcessId) -> list[int]:
    try:
        return [int(name) for name in os.listdir(f"/proc/{process.pid}/fd")]  # noqa: PTH208 - there may be thousands
    except OSError:
        return []


def _size_if_written(process: ProcessId, number: int) -> int | None:
    try:
        found = Path(f"/proc/{process.pid}/fd/{number}").stat()
        if not stat.S_ISREG(found.st_mode):
            return None
        lines = Path(f"/proc/{process.pid}/fdinfo/{number}").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    flags = next(int(line.split()[1], _OCTAL) for line in lines if line.startswith("flags:"))
    return found.st_size if flags & os.O_ACCMODE else None
