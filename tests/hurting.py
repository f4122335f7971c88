"""A process of the stack stopped for a moment, and whether all is well again."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chaos_aura.core.process import ProcessId
from chaos_aura.stack.running import RunningStack


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
        yield process
    finally:
        os.kill(process.pid, signal.SIGCONT)


def is_stopped(process: ProcessId) -> bool:
    """By SIGSTOP, as the kernel tells it."""
    stat = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8", errors="replace")
    return stat.rpartition(")")[2].split()[0] == "T"


def unwell(stack: RunningStack) -> dict[str, str]:
    return {row.name: row.detail for row in stack.health() if not row.is_healthy}


def is_well(stack: RunningStack) -> bool:
    return not unwell(stack)
