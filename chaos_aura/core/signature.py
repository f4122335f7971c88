"""A lock file that its holder has signed, so that others know which process it is."""

import os
from pathlib import Path

from chaos_aura.core.process import ProcessId

_LONGEST_BYTES = 64


def sign(lock: int, process: ProcessId) -> None:
    """By the descriptor of the file."""
    os.pwrite(lock, str(process).encode().ljust(_LONGEST_BYTES), 0)  # of one length: no disk is too full to overwrite


def signer(path: Path) -> ProcessId | None:
    """Who signed it, if that process still lives."""
    try:
        with path.open(encoding="ascii") as lock:
            process = ProcessId.parse(lock.read(_LONGEST_BYTES))
    except (OSError, ValueError):
        return None
    return process if process.is_alive() else None
