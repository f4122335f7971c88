"""Members of the stack killed as a crash kills them; their supervisor starts them again."""

import os
import signal
import time
from collections.abc import Callable

from awaiting import wait_until

from chaos_aura.stack.running import RunningStack
from chaos_aura.supervision.state import ChildState

_WITHIN_S = 60


def kill(stack: RunningStack, name: str) -> None:
    """Waits for one that is just being started."""
    os.kill(_running(stack, name), signal.SIGKILL)


def kill_until_it_runs_again(stack: RunningStack, name: str, await_moment: Callable[[], None] = lambda: None) -> float:
    """When it was killed: as soon as the moment has come, for the process is known before. It comes back by itself, but
    for the back-off of one that is killed again and again: an operator's start ends that."""
    former = _running(stack, name)
    await_moment()
    killed_at_s = time.monotonic()  # before: what the kill ends was still under way
    os.kill(former, signal.SIGKILL)

    def runs_again() -> bool:
        child = stack.supervisor.children()[name]
        if child.state is ChildState.WAITING:
            stack.supervisor.start(name)
        return child.process is not None and child.process.pid != former

    wait_until(runs_again, _WITHIN_S, f"{name} runs again")
    return killed_at_s


def _running(stack: RunningStack, name: str) -> int:
    """Its process id."""

    def pid() -> int:
        child = stack.supervisor.children()[name]
        return child.process.pid if child.process else 0

    return wait_until(pid, _WITHIN_S, f"{name} runs")
