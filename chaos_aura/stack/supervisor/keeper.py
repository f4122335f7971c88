"""`python keeper.py PID`: the supervisor's parent. When that ends, however it ends, nothing it left behind lives on.

The kernel kills the supervisor's children with it, but not theirs. Those become children of this process, which
kills them. It holds the folder's lock until the last is gone. Standard library only, and nothing but this file.
"""

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path


def keep(supervisor: int) -> None:
    """Orphans that end meanwhile are reaped here: nobody else would."""
    while os.waitpid(-1, 0)[0] != supervisor:
        pass
    with suppress(ChildProcessError):
        while True:
            for pid in _children():
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            os.waitpid(-1, 0)  # what a killed one had started is a child of this process by now


def _children() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _is_ours(entry)]


def _is_ours(entry: Path) -> bool:
    """The name in parentheses may hold anything; the state and the parent's number follow it."""
    try:
        stat = (entry / "stat").read_bytes()
    except OSError:
        return False
    return int(stat[stat.rindex(b")") + 2 :].split()[1]) == os.getpid()


if __name__ == "__main__":
    keep(int(sys.argv[1]))
