"""Faults of what a process lives on: processors, memory, files, connections, time."""

from chaos_aura.toolkit.injecting import injected
from chaos_aura.toolkit.told import Told

__all__ = [
    "clock_skew",
    "connection_flood",
    "cpu_burn",
    "cpu_throttle",
    "disk_full",
    "fd_limit",
    "file_size_limit",
    "memory_fill",
    "memory_limit",
    "oom_kill",
    "pids_limit",
    "process_churn",
]


def cpu_throttle(
    target: str, percent: int = 20, which: str = "only", duration: float = 0.0, injector: str = ""
) -> Told:
    """Leave it only a part of a processor.

    percent: of one processor.
    which: of several containers: only (there is just one), one, all, a share such as 50%, or a name.
    """
    return injected("cpu_throttle", target, duration, injector, {"percent": percent, "which": which})


def memory_limit(target: str, limit_mb: int, which: str = "only", duration: float = 0.0, injector: str = "") -> Told:
    """Let it have no more memory than this.

    limit_mb: megabytes.
    which: of several containers: only (there is just one), one, all, a share such as 50%, or a name.
    """
    return injected("memory_limit", target, duration, injector, {"limit_mb": limit_mb, "which": which})


def oom_kill(target: str, which: str = "only", duration: float = 0.0, injector: str = "") -> Told:
    """Let it need more memory than it may have, so that the kernel kills it.

    which: of several containers: only (there is just one), one, all, a share such as 50%, or a name.
    """
    return injected("oom_kill", target, duration, injector, {"which": which})


def pids_limit(target: str, limit: int, which: str = "only", duration: float = 0.0, injector: str = "") -> Told:
    """Let it have no more processes and threads than this.

    limit: at once.
    which: of several containers: only (there is just one), one, all, a share such as 50%, or a name.
    """
    return injected("pids_limit", target, duration, injector, {"limit": limit, "which": which})


def fd_limit(target: str, limit: int, duration: float = 0.0, injector: str = "") -> Told:
    """Let it open no more files.

    limit: files at once.
    """
    return injected("fd_limit", target, duration, injector, {"limit": limit})


def file_size_limit(target: str, limit_kb: int, duration: float = 0.0, injector: str = "") -> Told:
    """Let no file grow beyond this.

    limit_kb: kilobytes.
    """
    return injected("file_size_limit", target, duration, injector, {"limit_kb": limit_kb})


def cpu_burn(target: str, cores: int = 0, percent: int = 100, duration: float = 0.0, injector: str = "") -> Told:
    """Keep processors busy.

    cores: how many; 0 means all.
    percent: of each.
    """
    return injected("cpu_burn", target, duration, injector, {"cores": cores, "percent": percent})


def memory_fill(target: str, size_mb: int, duration: float = 0.0, injector: str = "") -> Told:
    """Take memory and touch it.

    size_mb: megabytes.
    """
    return injected("memory_fill", target, duration, injector, {"size_mb": size_mb})


def disk_full(target: str, size_mb: int = 1024, leave_mb: int = 512, duration: float = 0.0, injector: str = "") -> Told:
    """Fill the place where its data are.

    size_mb: how much at most, in megabytes.
    leave_mb: how much stays free.
    """
    return injected("disk_full", target, duration, injector, {"size_mb": size_mb, "leave_mb": leave_mb})


def connection_flood(target: str, connections: int = 500, duration: float = 0.0, injector: str = "") -> Told:
    """Take its connections away.

    connections: how many at once.
    """
    return injected("connection_flood", target, duration, injector, {"connections": connections})


def process_churn(target: str, rate_per_s: int = 200, duration: float = 0.0, injector: str = "") -> Told:
    """Start short processes all the time, on the whole machine.

    rate_per_s: starts a second.
    """
    return injected("process_churn", target, duration, injector, {"rate_per_s": rate_per_s})


def clock_skew(target: str, offset_s: float, duration: float = 0.0, injector: str = "") -> Told:
    """Set its clock forwards or backwards.

    offset_s: seconds; negative is the past.
    """
    return injected("clock_skew", target, duration, injector, {"offset_s": offset_s})
