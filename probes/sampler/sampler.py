"""All that is watched, each in a thread of its own, and written down as it is seen."""

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from chaos_aura.containers.of_stack import keeper_of
from chaos_aura.core.errors import BadInput, ChaosAuraError, PingFailed
from chaos_aura.pings import of_service
from chaos_aura.record.following import Following
from chaos_aura.record.rows import KAFKA, NEO4J
from chaos_aura.record.samples import BACKLOG, FILE, HEALTH, READINESS, Samples
from probes.around import catalogue
from probes.readiness import API, SILENT, read_readiness
from probes.run import Run
from probes.sampler.decisions import Decisions
from probes.sampler.events import Events
from probes.sampler.processes import Processes
from probes.sampler.stores_file import Dump, uses
from probes.sampler.ticking import Ticking
from probes.sampler.waiting import DECISIONS, EVENTS, UNSEEN, Backlogs
from probes.sampler.workflows import RunWorkflows

_EVERY_S, _OFTEN_S = 1.0, 0.5
_SELDOM_S = 3.0  # an engine is asked twice for each container
_PING_WITHIN_S = 2.0
_READY_WITHIN_S = 1.0


class Sampler:
    """BadInput or StackDown when there is no such run, or no stack."""

    def __init__(self, folder: Path, home: Path) -> None:
        self._run = Run.of(folder)
        self._catalogue = catalogue(home)
        self._keeper = keeper_of(home, os.environ)
        self._samples = Samples(folder / FILE)
        backlogs = Backlogs(Following(folder))
        self._decisions = Decisions(self._catalogue, backlogs)
        self._events = Events(self._catalogue, folder, self._run.tag, backlogs)
        workflows = RunWorkflows(self._catalogue)
        self._dump = Dump(self._catalogue, folder, self._run.tag, self._decisions, self._events, workflows)
        is_contained = any(service.is_contained for service in self._catalogue.services)
        self._asks_keeper_s = _SELDOM_S if is_contained else _EVERY_S
        self._processes = Processes(self._samples, home, self._run.pid, is_contained=is_contained)
        self._told: set[str] = set()

    def start(self, on_ready: Callable[[], None]) -> None:
        """Returns at once; `on_ready` is called when each thing has been sampled once."""
        threading.Thread(target=self._begin, args=(on_ready,), daemon=True, name="beginning").start()

    def _begin(self, on_ready: Callable[[], None]) -> None:
        if uses(self._catalogue, KAFKA):
            self._try_first(self._events.begin)
        if uses(self._catalogue, NEO4J):
            self._try_first(self._decisions.warm)
        threads = self._threads()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.has_looked.wait()
        on_ready()

    def write_stores(self) -> None:
        """OSError when they could not be written."""
        self._dump.write()

    def _threads(self) -> list[Ticking]:
        health = [
            Ticking(f"health of {each.name}", _EVERY_S, lambda _, name=each.name: self._health(name))  # type: ignore[misc]
            for each in self._catalogue.services
        ]
        # What a stack has no store for has no backlog: nobody waits for it.
        backlogs = [
            Ticking(name, _EVERY_S, lambda _, name=name, look=look: self._backlog(name, look))  # type: ignore[misc]
            for store, name, look in (
                (NEO4J, DECISIONS, self._decisions.look),
                (KAFKA, EVENTS, self._events.look),
            )
            if uses(self._catalogue, store)
        ]
        return [
            *health,
            *backlogs,
            Ticking("readiness", _OFTEN_S, self._readiness),
            Ticking("keeper", self._asks_keeper_s, self._services),
            Ticking("machine", _OFTEN_S, self._processes.look),
        ]

    def _health(self, service: str) -> bool:
        try:
            pong = of_service.ping(self._catalogue, service, _PING_WITHIN_S)
        except PingFailed as failed:
            seen: dict[str, Any] = {"healthy": False, "latency_s": None, "detail": failed.why}
        else:
            seen = {"healthy": True, "latency_s": round(pong.latency_s, 6), "detail": pong.detail}
        self._samples.add(HEALTH, service=service, **seen)
        return True

    def _readiness(self, _late_s: float) -> bool:
        try:
            seen = read_readiness(self._catalogue, API, _READY_WITHIN_S)
        except (PingFailed, BadInput):  # it does not answer; the stack has none
            seen = {"status": SILENT, "breakers": {}, "answers": {}}
        self._samples.add(READINESS, **seen)
        return True

    def _backlog(self, name: str, look: Callable[[], Mapping[str, Any]]) -> bool:
        """Of when the look began: what came while it went on, it may not have seen."""
        began_ns = time.monotonic_ns()
        try:
            seen = look()
        except ChaosAuraError as cause:
            self._tell_once(f"{name} could not be seen: {cause}")
            seen = UNSEEN
        self._samples.add(BACKLOG, began_ns, name=name, **seen)
        return True

    def _services(self, _late_s: float) -> bool:
        """Whoever keeps them may be away: what it told last holds until it tells more."""
        with suppress(ChaosAuraError):
            children = self._keeper.children()
            self._processes.services = {
                name: child.process.pid for name, child in children.items() if child.process and not child.is_job
            }
        return True

    def _try_first(self, work: Callable[[], None]) -> None:
        try:
            work()
        except ChaosAuraError as cause:
            self._tell_once(str(cause))

    def _tell_once(self, line: str) -> None:
        if line not in self._told:
            self._told.add(line)
            sys.stderr.write(f"sampler: {line}\n")
            sys.stderr.flush()
