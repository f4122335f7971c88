"""One life of the machine, and the clock that counts it."""

import time
from functools import cache
from pathlib import Path


@cache
def boot_id() -> str:
    """The kernel's name for the time since it started. It cannot change under a living process."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def since_boot_s() -> float:
    """The same for every process, never set back, also counted while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
