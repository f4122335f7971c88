"""Processors, memory, Python, limits: what a process of this user has here."""

import os
import platform
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

from chaos_aura.stack.doctor.control_groups import limit_of_own
from chaos_aura.stack.doctor.finding import Finding, Group, State
from chaos_aura.stack.doctor.scene import Scene
from chaos_aura.stack.supervisor.client import SupervisorClient

# A stack that has just started holds 0.7 GB; its JVMs may grow to twice that under load.
STARTS_WITH_BYTES = 800_000_000
GROWS_TO_BYTES = 1_500_000_000
# Measured: 351 descriptors in one process (Neo4j), 176 threads in all.
_FILES = 1_024
_FEWEST_FILES = 400
_THREADS = 400
_CORES = 2
_MACHINE = Group.MACHINE


def look_at_processors(_: Scene) -> Iterator[Finding]:
    cores = len(os.sched_getaffinity(0))
    seen = f"{cores} for this process, {platform.machine()}"
    quota = limit_of_own("cpu")
    if quota is not None:
        seen += f", limited to {quota:g} of them"
    if min(cores, quota or cores) >= _CORES:
        yield Finding("processors", _MACHINE, State.OK, seen)
    else:
        means = "everything runs, and slower than its budgets allow for"
        yield Finding("processors", _MACHINE, State.LIMITED, seen, means, f"give it {_CORES} processors")


def look_at_memory(scene: Scene) -> Iterator[Finding]:
    available = memory_available_bytes()
    seen = f"{available / 1e9:.1f} GB available"
    remedy = f"end something else: the stack starts with 0.8 GB and grows to {GROWS_TO_BYTES / 1e9:.1f} GB under load"
    if available >= GROWS_TO_BYTES:
        yield Finding("memory", _MACHINE, State.OK, seen)
    elif available >= STARTS_WITH_BYTES or SupervisorClient(scene.project.home).is_running():
        yield Finding("memory", _MACHINE, State.LIMITED, seen, "the stack may run out of it under load", remedy)
    else:
        means = "the stack would be killed as it starts"
        yield Finding("memory", _MACHINE, State.MISSING, seen, means, remedy, blocks=True)


def memory_available_bytes() -> float:
    """What the kernel can give, but no more than this process's own control group still allows."""
    rows = dict(line.split(":") for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines())
    available = int(rows["MemAvailable"].split()[0]) * 1024
    allowed = limit_of_own("memory")
    return available if allowed is None else min(available, allowed)


def look_at_python(_: Scene) -> Iterator[Finding]:
    where = "in a virtual environment" if sys.prefix != sys.base_prefix else "outside any virtual environment"
    yield Finding("python", _MACHINE, State.OK, f"{platform.python_version()} {where}, {sys.executable}")


def look_at_files_limit(_: Scene) -> Iterator[Finding]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    seen = f"{_count(soft)} at once in a process, may be raised to {_count(hard)}"
    if _is_at_least(soft, _FILES):
        yield Finding("open files", _MACHINE, State.OK, seen)
    elif _is_at_least(soft, _FEWEST_FILES):
        means = "a service under load may run out of them"
        yield Finding("open files", _MACHINE, State.LIMITED, seen, means, f"ulimit -n {_FILES}")
    else:
        means = f"Neo4j needs {_FEWEST_FILES}"
        yield Finding("open files", _MACHINE, State.MISSING, seen, means, f"ulimit -n {_FILES}", blocks=True)


def look_at_processes_limit(_: Scene) -> Iterator[Finding]:
    soft, _hard = resource.getrlimit(resource.RLIMIT_NPROC)
    pids = limit_of_own("pids")
    most = min(soft if soft != resource.RLIM_INFINITY else float("inf"), pids if pids is not None else float("inf"))
    seen = f"{_count(most)} processes and threads more" if pids is not None else f"{_count(most)} for this user"
    if (os.geteuid() == 0 and pids is None) or most >= _THREADS:
        yield Finding("processes", _MACHINE, State.OK, seen)
    else:
        remedy = f"ulimit -u {_THREADS * 10}, or raise pids.max of the control group"
        means = f"the stack has 180 threads, more under load; {_THREADS} should be free"
        yield Finding("processes", _MACHINE, State.MISSING, seen, means, remedy, blocks=True)


def _is_at_least(limit: int, needed: int) -> bool:
    return limit == resource.RLIM_INFINITY or limit >= needed


def _count(limit: float) -> str:
    return "any number" if limit in (resource.RLIM_INFINITY, float("inf")) else f"{limit:.0f}"
