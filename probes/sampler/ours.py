"""Which processes belong to the stack or to the run, so that what the others use is told from it.

Ours is what the run started: its controller and this sampler. And what runs in the stack's folder or names it on its
command line: the supervisor, the reaper and its helpers do; the supervisor's keeper names the supervisor. And whatever
descends from one of ours, or did when it was first seen: an orphan stays ours.
"""

import os
import re
from collections.abc import Collection
from pathlib import Path

from chaos_aura.core.process import ProcessId
from chaos_aura.core.signature import signer
from chaos_aura.supervision.place import LOCK
from probes.sampler.census import Census, Process

_SHIM, _ENGINE = b"containerd-shim", b"dockerd"
_ID = re.compile(rb"[0-9a-f]{64}")
_SETTLES_WITHIN = 4  # looks: what has just been forked still bears its parent's command line


class Ours:
    def __init__(self, home: Path, controller: int) -> None:
        """`controller` is the process that runs the experiment."""
        self._home = os.fsencode(home.resolve())
        self._lock = home / LOCK
        self._roots = frozenset({controller, os.getpid()})
        self.keepers: frozenset[int] = frozenset()  # of containers; these may be replaced at any time
        self.containers: frozenset[bytes] = frozenset()
        self._known: set[ProcessId] = set()
        self._looks: dict[ProcessId, int] = {}

    def among(self, census: Census) -> set[int]:
        """Their numbers."""
        roots = {process.id.pid for process in census.processes.values() if self._is_root(process)}
        ours = census.family(roots | self._keeper(census) | self.keepers)
        self._known = {census.processes[pid].id for pid in ours}
        living = {process.id for process in census.processes.values()}
        self._looks = {process: looks for process, looks in self._looks.items() if process in living}
        return ours

    def _is_root(self, process: Process) -> bool:
        if process.id.pid in self._roots or process.id in self._known:
            return True
        looks = self._looks.get(process.id, 0)
        if looks >= _SETTLES_WITHIN:
            return False
        self._looks[process.id] = looks + 1
        return self._is_of_home(process.id.pid)

    def _keeper(self, census: Census) -> set[int]:
        """It takes the orphans of a stack, and what they have used with them."""
        signed = signer(self._lock)
        supervisor = census.processes.get(signed.pid) if signed else None
        if supervisor and b"\0%d\0" % supervisor.id.pid in command_line(supervisor.parent):
            return {supervisor.parent}
        return set()

    def _is_of_home(self, pid: int) -> bool:
        if self.containers and self._is_contained(pid):
            return True
        inside = self._home + b"/"
        command = command_line(pid)
        return (
            (_link(f"/proc/{pid}/cwd") + b"/").startswith(inside) or inside in command or self._home + b"\0" in command
        )

    def _is_contained(self, pid: int) -> bool:
        """In a container of ours, also when that was started anew since its engine was asked."""
        return bool(containers_of(pid) & self.containers)


def containers_of(pid: int) -> frozenset[bytes]:
    """The ids of containers in the names of its control groups."""
    try:
        return frozenset(_ID.findall(Path(f"/proc/{pid}/cgroup").read_bytes()))
    except OSError:
        return frozenset()


def keepers_of(census: Census, services: Collection[int]) -> frozenset[int]:
    """Of containers, by their first processes: what keeps each and looks into it, and the engine with its proxies."""
    there = {census.processes[pid].parent for pid in services if pid in census.processes}
    shims = {pid for pid in there if _SHIM in command_line(pid).split(b"\0")[0]}
    engines = {pid for pid in census.processes if _ENGINE in command_line(pid).split(b"\0")[0]} if shims else set()
    return frozenset(shims | engines | set(services))


def command_line(pid: int) -> bytes:
    """Words ended by zeros. Empty of one that has ended, and of a stranger that hides it."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _link(path: str) -> bytes:
    try:
        return os.fsencode(os.readlink(path))  # noqa: PTH115 - Path's own costs four times as much
    except OSError:
        return b""
