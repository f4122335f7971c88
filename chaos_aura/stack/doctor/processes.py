"""Faults on a process: limits, tracing, signals by descriptor, rights, what becomes of orphans."""

import ctypes
import os
import resource
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from chaos_aura.stack.doctor.finding import Finding, Group, State
from chaos_aura.stack.doctor.program import guest
from chaos_aura.stack.doctor.scene import Scene

_PTRACE_SEIZE = 0x4206
_LIBC = ctypes.CDLL(None, use_errno=True)
_LESS_FILES = 64
_LOOK_EVERY_S = 0.05
_REAPED_WITHIN_S = 1.0  # by a process 1 that has to wait for a processor itself
# By their numbers in <linux/capability.h>; those that some mechanism of fault asks for.
_CAPABILITIES = {5: "kill", 12: "net_admin", 19: "sys_ptrace", 21: "sys_admin", 24: "sys_resource", 25: "sys_time"}
_PROC = Path("/proc")


def look_at_limits_of_others(_: Scene) -> Iterator[Finding]:
    with guest() as pid:
        try:
            hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (_LESS_FILES, hard))
            kept = resource.prlimit(pid, resource.RLIMIT_NOFILE)[0]
        except OSError as cause:
            seen, kept = f"refused ({cause.strerror})", -1
        else:
            seen = f"another process was left {kept} open files"
    if kept == _LESS_FILES:
        yield Finding("prlimit", Group.INJECTORS, State.OK, seen)
    else:
        cannot = ("fd_limit", "file_size_limit")
        means = "no limits on a running process"
        yield Finding("prlimit", Group.INJECTORS, State.MISSING, seen, means, "run as root", cannot=cannot)


def look_at_tracing(_: Scene) -> Iterator[Finding]:
    with guest() as pid:
        failed = _LIBC.ptrace(_PTRACE_SEIZE, pid, None, None)
        why = os.strerror(ctypes.get_errno())
    if failed:
        means = "a process cannot be looked into; no kind of fault needs it"
        yield Finding("ptrace", Group.INJECTORS, State.LIMITED, f"refused ({why})", means, "run as root")
    else:
        yield Finding("ptrace", Group.INJECTORS, State.OK, "another process was seized and let go")


def look_at_descriptors_of_processes(_: Scene) -> Iterator[Finding]:
    with guest() as pid:
        handle = os.pidfd_open(pid)
        try:
            signal.pidfd_send_signal(handle, 0)
        finally:
            os.close(handle)
    yield Finding("pidfd", Group.INJECTORS, State.OK, "another process was reached by its descriptor")


def look_at_rights(_: Scene) -> Iterator[Finding]:
    """Only told: what each right is good for, the other checks try."""
    effective = int(_status(_PROC / "self")["CapEff"], 16)
    held = [name for bit, name in _CAPABILITIES.items() if effective >> bit & 1]
    who = "root" if os.geteuid() == 0 else f"user {os.geteuid()}"
    yield Finding("rights", Group.INJECTORS, State.OK, f"{who}, capabilities: {', '.join(held) or 'none'}")


def look_at_orphans(_: Scene) -> Iterator[Finding]:
    """Only watched: an orphan made to try it would stay for ever where process 1 does not care for it."""
    lasting, until_s = _zombies_of_init(), time.monotonic() + _REAPED_WITHIN_S
    while lasting and time.monotonic() < until_s:
        time.sleep(_LOOK_EVERY_S)
        lasting &= _zombies_of_init()
    if lasting:
        means = "dead orphans stay in the process table; a dead process is told by its state, so faults are unaffected"
        seen = f"process 1 leaves {len(lasting)} dead processes unreaped"
        remedy = "run the container with an init: docker run --init"
        yield Finding("orphans", Group.INJECTORS, State.LIMITED, seen, means, remedy)
    else:
        yield Finding("orphans", Group.INJECTORS, State.OK, "process 1 has no dead child that it leaves unreaped")


def _zombies_of_init() -> set[str]:
    found = set()
    for folder in _PROC.iterdir():
        if folder.name.isdecimal():
            with suppress(OSError):
                rows = _status(folder)
                if rows["PPid"] == "1" and rows["State"].startswith("Z"):
                    found.add(folder.name)
    return found


def _status(process: Path) -> dict[str, str]:
    """What the kernel tells of it, by name. It escapes line ends in a process's own name."""
    status = (process / "status").read_text(encoding="ascii", errors="replace")
    return dict(line.split(":\t", 1) for line in status.split("\n") if ":\t" in line)
