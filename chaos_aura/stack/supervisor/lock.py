"""The lock of a stack's folder: whoever runs it holds it, and has signed it.

It goes from the launching process to the daemon as a descriptor, so that the folder is never without a holder.
"""

import fcntl
import os
from pathlib import Path

from chaos_aura.core.errors import SupervisorFailed
from chaos_aura.core.lock import take
from chaos_aura.supervision.place import LOCK


def open_lock(home: Path) -> int:
    return os.open(home / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def is_taken(lock: int) -> bool:
    """Takes it, unless somebody else has it."""
    return not take(lock)


def is_held(home: Path) -> bool:
    """By a supervisor, or by the keeper that still ends what one left."""
    try:
        lock = os.open(home / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except PermissionError as cause:
        why = "may not be opened (Permission denied)"
        raise SupervisorFailed(str(home / LOCK), why, "run as the user whose stack it is") from cause
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False
