"""Finds the helpers of a lease, also when nobody could note what their numbers are."""

import os

from chaos_aura.core.errors import MachineLacks
from chaos_aura.core.process import ProcessId
from chaos_aura.faults.lasting import place

_RUN = b"/" + place.RUN.encode()


def helpers_of(lease_id: str) -> list[ProcessId]:
    """All that live, the oldest first. One that cannot be seen yet will find the tombstone.

    MachineLacks when nobody can look, as without a descriptor: that there are none would be a guess.
    """
    mark = place.mark(lease_id).encode()
    try:
        with os.scandir("/proc") as entries:
            pids = [int(entry.name) for entry in entries if entry.name.isdigit() and _bears(entry.name, mark)]
        living = [process for process in map(ProcessId.of, pids) if process]
    except OSError as cause:
        raise MachineLacks.because(cause) from cause
    return sorted(living, key=lambda process: process.start_ticks)


def _bears(pid: str, mark: bytes) -> bool:
    """Exactly in its place: others may name a lease as well."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb", buffering=0) as file:  # noqa: PTH123 - hundreds are read each time
            line = file.read()
    except (FileNotFoundError, ProcessLookupError, PermissionError):  # it has ended, or is another user's
        return False
    if mark not in line:
        return False
    words = line.split(b"\0")
    return len(words) > place.MARK_AT and words[place.MARK_AT] == mark and words[place.RUN_AT].endswith(_RUN)
