"""Signals as the kernel may hand them out: to another thread of a process than its main one."""

import ctypes
import os
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)


def hand_over(pid: int, number: int) -> None:
    """To one of its other threads."""
    other = min(tid for folder in Path(f"/proc/{pid}/task").iterdir() if (tid := int(folder.name)) != pid)
    if _LIBC.tgkill(pid, other, number):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def sleeps(pid: int) -> bool:
    """The main thread, in a system call."""
    return Path(f"/proc/{pid}/task/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "S"
