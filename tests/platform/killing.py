"""Members of the stack killed as a crash kills them; their supervisor starts them again."""

import os
import signal
import time

from awaiting import wait_until

from chaos_aura.stack.running import RunningStack
from chaos_aura.supervision.state import ChildState


def kill(stack: RunningStack, name: str) -> int:
    """The killed process's id. Waits for one that is just being started."""
    pid = wait_until(lambda: _pid_of(stack, name), 30, f"{name} runs")
    os.kill(pid, signal.SIGKILL)
    return pid


def kill_until_it_runs_again(stack: RunningStack, name: str) -> float:
    """When it was killed. It comes back by itself, but for the back-off of one that is killed again and again: an
    operator's start ends that."""
    former = kill(stack, name)
    killed_at_s = time.monotonic()

    def runs_again() -> bool:
        child = stack.supervisor.children()[name]
        if child.state is ChildState.WAITING:
            stack.supervisor.start(name)
        return child.process is not None and child.process.pid != former

    wait_until(runs_again, 30, f"{name} runs again")
    return killed_at_s


def _pid_of(stack: RunningStack, name: str) -> int:
    child = stack.supervisor.children()[name]
    return child.process.pid if child.process else 0
