"""What each service weighs, with all it has started, and what chaos-aura itself does."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from chaos_aura.core.process import ProcessId
from chaos_aura.core.signature import signer
from chaos_aura.supervision.place import LOCK
from probes.sampler.census import Census
from probes.sampler.ours import command_line
from probes.sampler.usage import Usage

CONTROLLER, SAMPLER, LOAD, SUPERVISOR = "controller", "sampler", "load", "supervisor"
_MARKS_OF_LOAD = (b"chaos_aura.load", b"chaos_aura/load/")


class Weight:
    def __init__(self, home: Path, controller: int | None = None) -> None:
        self._home = home
        self._controller = controller
        self._usages: dict[str, Usage] = {}
        self._is_load: dict[ProcessId, bool] = {}

    def look(self, census: Census, services: Mapping[str, int]) -> dict[str, dict[str, Any]]:
        """By name, of those that were there at the look before, since then. `services`: each one's process."""
        groups = {name: census.family([pid]) for name, pid in services.items()} | dict(self._of_ours(census))
        told = {name: self._of(census, name, pids) for name, pids in groups.items()}
        return {name: row for name, row in told.items() if row["cpu"] is not None}

    def _of(self, census: Census, name: str, pids: set[int]) -> dict[str, Any]:
        cores = self._usages.setdefault(name, Usage()).cores(census, pids)
        rss_mb = sum(census.processes[pid].rss_mb for pid in pids)
        return {"cpu": None if cores is None else round(max(0.0, cores), 3), "rss_mb": round(rss_mb, 1)}

    def _of_ours(self, census: Census) -> Iterator[tuple[str, set[int]]]:
        supervisor = signer(self._home / LOCK)
        alone = {SAMPLER: os.getpid(), CONTROLLER: self._controller, SUPERVISOR: supervisor.pid if supervisor else None}
        for name, pid in alone.items():
            if pid is not None and pid in census.processes:
                yield name, {pid}
        if self._controller is not None:
            of_load = [pid for pid in census.family([self._controller]) if self._is_of_load(census, pid)]
            if of_load:
                yield LOAD, census.family(of_load)

    def _is_of_load(self, census: Census, pid: int) -> bool:
        process = census.processes[pid].id
        if not self._is_load.get(process):
            command = command_line(pid)
            self._is_load[process] = any(mark in command for mark in _MARKS_OF_LOAD)
        return self._is_load[process]
