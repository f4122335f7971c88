"""What binds a process to the one that started it, in the kernel's own words (prctl). No right is needed."""

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LIBC = ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent: int) -> None:
    """The kernel kills this process when the *thread* that started it ends, so only a main thread may start such."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # the parent died before the line above; no signal will come


def adopt_orphans() -> None:
    """Every descendant whose parent dies becomes a child of this process, whatever session it is in."""
    _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
