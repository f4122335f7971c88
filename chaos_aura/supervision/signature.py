"""Who runs the stack of a folder: its daemon signs the folder's lock."""

from pathlib import Path

from chaos_aura.core.process import ProcessId
from chaos_aura.supervision.place import LOCK

_LONGEST_BYTES = 64


def signer(home: Path) -> ProcessId | None:
    """The living daemon of this folder."""
    try:
        with (home / LOCK).open(encoding="ascii") as lock:
            process = ProcessId.parse(lock.read(_LONGEST_BYTES))
    except (OSError, ValueError):
        return None
    return process if process.is_alive() else None
