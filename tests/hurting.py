"""A process of the stack stopped for a moment, and whether all is well again."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from awaiting import wait_until

from chaos_aura.core.process import ProcessId
from chaos_aura.stack.running import RunningStack

_STOPPED_WITHIN_S = 60


def process_of(stack: RunningStack, name: str) -> ProcessId:
    process = stack.supervisor.children()[name].process
    assert process
    return process


def runs_anew(stack: RunningStack, name: str, former: ProcessId) -> bool:
    """Not while it is between the two."""
    return stack.supervisor.children()[name].process not in (None, former)


@contextmanager
def paused(stack: RunningStack, name: str) -> Iterator[ProcessId]:
    process = process_of(stack, name)
    os.kill(process.pid, signal.SIGSTOP)
    try:
        wait_until(lambda: is_stopped(process), _STOPPED_WITHIN_S, f"every thread of {name} is stopped")
        yield process
    finally:
        os.kill(process.pid, signal.SIGCONT)


def is_stopped(process: ProcessId) -> bool:
    """Every thread, by SIGSTOP: one that waits for a processor stops only when it gets one."""
    return set(thread_states(process)) == {"T"}


def thread_states(process: ProcessId) -> list[str]:
    """As the kernel tells them, but of a thread that ends just then. FileNotFoundError when the process is dead."""
    states = []
    for task in Path(f"/proc/{process.pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            stat = (task / "stat").read_text(errors="replace")
            states.append(stat.rpartition(")")[2].split()[0])
    return states


def unwell(stack: RunningStack) -> dict[str, str]:
    return {row.name: row.detail for row in stack.health() if not row.is_healthy}


def is_well(stack: RunningStack) -> bool:
    return not unwell(stack)
