"""What is written into a group to limit it, and what of the processes is read to know how much that is."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from chaos_aura.core.process import ProcessId
from injectors.supervised.looking import looking

PERIOD_US = 100_000
_KB = 1024
_PAGE_BYTES = 4096
_OWNED = ("RssAnon:", "RssShmem:", "VmSwap:")
_HITS = {
    ("cpu", 1): ("cpu.stat", "nr_throttled"),
    ("cpu", 2): ("cpu.stat", "nr_throttled"),
    ("memory", 1): ("memory.failcnt", ""),
    ("memory", 2): ("memory.events", "max"),
}


@dataclass(frozen=True, slots=True)
class Control:
    """One file of a group. One that need not be there is written where it is."""

    file: str
    value: str
    must_be_there: bool = True


def cpu_controls(version: int, percent: int) -> tuple[Control, ...]:
    quota_us = PERIOD_US * percent // 100
    if version == 1:
        return Control("cpu.cfs_period_us", str(PERIOD_US)), Control("cpu.cfs_quota_us", str(quota_us))
    return (Control("cpu.max", f"{quota_us} {PERIOD_US}"),)


def memory_controls(version: int, limit_bytes: int) -> tuple[Control, ...]:
    """Swapped out is not given back: what it has there counts too."""
    limit_bytes -= limit_bytes % _PAGE_BYTES
    if version == 1:
        together = Control("memory.memsw.limit_in_bytes", str(limit_bytes), must_be_there=False)
        return Control("memory.limit_in_bytes", str(limit_bytes)), together
    return Control("memory.max", str(limit_bytes)), Control("memory.swap.max", "0", must_be_there=False)


@looking()
def owned_bytes(processes: Iterable[ProcessId]) -> int:
    """What they have that the kernel cannot take back. Pages of files are not among it."""
    return sum(_owned_bytes(process) for process in processes)


def hits(group: Path, controller: str, version: int) -> int:
    """How often the limit has held somebody back."""
    file, key = _HITS[controller, version]
    words = (group / file).read_text(encoding="ascii").split()
    return int(words[words.index(key) + 1] if key else words[0])


def _owned_bytes(process: ProcessId) -> int:
    try:
        lines = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8", errors="replace").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(line.split()[1]) * _KB for line in lines if line.startswith(_OWNED))
