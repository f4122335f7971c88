"""One reaper a folder: the lock that it holds for as long as it lives."""

import os
import time
from pathlib import Path

from chaos_aura.core.lock import take

_ENDS_WITHIN_S = 1.0  # one that has just found nothing left to guard
_TRY_EVERY_S = 0.01


def take_own(path: Path) -> int | None:
    """The descriptor to hold. None when there is a reaper that stays."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline_s = time.monotonic() + _ENDS_WITHIN_S
    while not take(lock):
        if time.monotonic() > deadline_s:
            os.close(lock)
            return None
        time.sleep(_TRY_EVERY_S)
    return lock
