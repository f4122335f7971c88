"""A lock on an open file, held for as long as anybody has that file open."""

import fcntl


def take(file: int) -> bool:
    """By its descriptor. False when somebody else has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
