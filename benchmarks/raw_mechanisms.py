"""Each mechanism alone: the request, the signal, the system call, without a lease, a proof or a reaper.

What lasts because a helper does it over and over (cpu_burn, crash_loop and their like) has no such operation.
"""

import http.client
import json
import os
import resource
import select
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from awaiting import wait_until
from clients import kafka
from driven_allocations import neo4j_of, redis_of
from grounds import ground_of
from hurting import process_of, runs_anew

from chaos_aura.core.fault import Fault
from chaos_aura.core.process import ProcessId
from chaos_aura.stack.running import RunningStack
from injectors.cgroup.controls import cpu_controls, memory_controls
from injectors.cgroup.group import Group
from injectors.cgroup.groups import Groups
from injectors.clock.file import ClockFile, content_for
from injectors.flags.names import FILE
from injectors.supervised.family import family_of
from injectors.toxiproxy import ToxiproxyInjector
from injectors.toxiproxy.mixture import refuses, toxics_for
from injectors.toxiproxy.reach import edges_of

_ANSWERS_WITHIN_S = 5
_WITHIN_S = 10
_MB = 1 << 20
_KB = 1 << 10
_SCRATCH = "raw"


@dataclass(frozen=True)
class Raw:
    """`undo` is None for what cannot be taken back."""

    do: Callable[[], object]
    undo: Callable[[], object] | None = None


def raw(stack: RunningStack, fault: Fault, injector: str) -> AbstractContextManager[Raw | None]:
    """None where there is no such operation."""
    made = _RAWS.get((fault.kind, injector)) or _RAWS.get((fault.kind, ""))
    return made(stack, fault) if made and (fault.kind, injector) not in _BY_HELPERS else nullcontext()


@contextmanager
def _edges(stack: RunningStack, fault: Fault) -> Iterator[Raw]:
    """The same toxics, one after the other."""
    proxies = [f"/proxies/{edge.name}" for edge in edges_of(stack.catalogue.target(fault.target), stack.catalogue)]
    toxics = toxics_for(fault, _SCRATCH)
    with _toxiproxy(stack) as ask:

        def enable(is_enabled: bool) -> None:
            for proxy in proxies:
                ask("PATCH", proxy, {"enabled": is_enabled})

        def add() -> None:
            for proxy in proxies:
                for toxic in toxics:
                    ask("POST", f"{proxy}/toxics", toxic.to_dict())

        def remove() -> None:
            for proxy in proxies:
                for toxic in toxics:
                    ask("DELETE", f"{proxy}/toxics/{toxic.name}")

        yield Raw(lambda: enable(False), lambda: enable(True)) if refuses(fault) else Raw(add, remove)


@contextmanager
def _ended(stack: RunningStack, fault: Fault) -> Iterator[Raw]:
    """By its supervisor, until the process is dead, and until another runs."""
    name, former = fault.target, process_of(stack, fault.target)
    grace_s = float(fault.number("grace_s")) if "grace_s" in fault.parameters else 0.0

    def end() -> None:
        nonlocal former
        former = process_of(stack, name)
        handle = os.pidfd_open(former.pid)
        try:
            stack.supervisor.stop(name, grace_s)
            assert select.select([handle], [], [], _WITHIN_S)[0], former
        finally:
            os.close(handle)

    def start() -> None:
        stack.supervisor.start(name)
        wait_until(lambda: runs_anew(stack, name, former), _WITHIN_S, f"{name} runs again")

    yield Raw(end, start)


@contextmanager
def _paused(stack: RunningStack, fault: Fault) -> Iterator[Raw]:
    pid = process_of(stack, fault.target).pid
    yield Raw(lambda: os.kill(pid, signal.SIGSTOP), lambda: os.kill(pid, signal.SIGCONT))


def _limited(name: int, parameter: str, unit: int) -> Callable[[RunningStack, Fault], AbstractContextManager[Raw]]:
    @contextmanager
    def limited(stack: RunningStack, fault: Fault) -> Iterator[Raw]:
        pid = process_of(stack, fault.target).pid
        former = resource.prlimit(pid, name)
        limit = (int(fault.number(parameter)) * unit, former[1])
        yield Raw(lambda: resource.prlimit(pid, name, limit), lambda: resource.prlimit(pid, name, former))

    return limited


@contextmanager
def _grouped(stack: RunningStack, fault: Fault) -> Iterator[Raw]:
    """A group made, limited and filled; emptied and removed."""
    process, is_cpu = process_of(stack, fault.target), fault.kind == "cpu_throttle"
    place = Groups().place_for(process.pid, "cpu" if is_cpu else "memory")
    percent_or_mb = int(fault.number("percent" if is_cpu else "limit_mb"))
    version = place.version
    controls = cpu_controls(version, percent_or_mb) if is_cpu else memory_controls(version, percent_or_mb * _MB)
    group = Group(place.parent / f"chaos-aura-{_SCRATCH}-{process.pid}")
    yield Raw(lambda: _fill(group, controls, process), lambda: group.remove(place.former))


def _fill(group: Group, controls: Any, process: ProcessId) -> None:
    group.make(controls)
    group.take_in(family_of(process))


@contextmanager
def _maxmemory(stack: RunningStack, fault: Fault) -> Iterator[Raw]:
    limit = int(fault.number("limit_mb")) * _MB
    with redis_of(stack) as client:
        former = client.config_get("maxmemory")["maxmemory"]
        yield Raw(lambda: client.config_set("maxmemory", limit), lambda: client.config_set("maxmemory", former))


@contextmanager
def _overwritten(stack: RunningStack, fault: Fault) -> Iterator[Raw]:
    with redis_of(stack) as client:
        client.set(_SCRATCH, "former")
        yield Raw(lambda: client.set(_SCRATCH, "corrupt"), lambda: client.set(_SCRATCH, "former"))
        client.delete(_SCRATCH)


@contextmanager
def _deleted(stack: RunningStack, fault: Fault) -> Iterator[Raw]:
    with redis_of(stack) as client:
        client.set(_SCRATCH, "former")
        yield Raw(lambda: client.delete(_SCRATCH), lambda: client.set(_SCRATCH, "former"))
        client.delete(_SCRATCH)


@contextmanager
def _produced(stack: RunningStack, fault: Fault) -> Iterator[Raw]:
    """Into a topic that nobody reads."""
    address = str(stack.catalogue.service("kafka").address)
    producer = kafka.KafkaProducer(bootstrap_servers=address, acks="all")
    try:
        producer.send(_SCRATCH, b"makes the topic").get(_WITHIN_S)
        yield Raw(lambda: producer.send(_SCRATCH, b"raw").get(_WITHIN_S))
    finally:
        producer.close(timeout=_WITHIN_S)


@contextmanager
def _recorded(stack: RunningStack, fault: Fault) -> Iterator[Raw]:
    def write(said: str) -> None:
        driver.execute_query("MERGE (raw:Raw) SET raw.said = $said", said=said, database_="neo4j")

    with neo4j_of(stack) as driver:
        write("former")
        yield Raw(lambda: write("tampered"), lambda: write("former"))
        driver.execute_query("MATCH (raw:Raw) DELETE raw", database_="neo4j")


@contextmanager
def _flagged(stack: RunningStack, fault: Fault) -> Iterator[Raw]:
    """A file that says nothing, and is whole at any moment."""
    file = stack.project.home / FILE
    beside = file.with_name(f"{FILE}.{_SCRATCH}")

    def write() -> None:
        beside.write_text("{}\n", encoding="utf-8")
        beside.replace(file)

    yield Raw(write, file.unlink)


@contextmanager
def _skewed(stack: RunningStack, fault: Fault) -> Iterator[Raw]:
    file, offset_s = ClockFile.of(fault.target, stack.project.home), fault.number("offset_s")
    yield Raw(lambda: file.write(content_for(offset_s)), lambda: file.write(content_for(0)))


@contextmanager
def _filled(stack: RunningStack, fault: Fault) -> Iterator[Raw]:
    """As much as is missing of a full disk."""
    file = ground_of(stack).folder / _SCRATCH

    def fill() -> None:
        now = os.statvfs(file.parent)
        free = (now.f_bfree if os.geteuid() == 0 else now.f_bavail) * now.f_frsize
        with file.open("wb") as handle:
            os.posix_fallocate(handle.fileno(), 0, max(_MB, free - int(fault.number("leave_mb")) * _MB))

    yield Raw(fill, file.unlink)


@contextmanager
def _toxiproxy(stack: RunningStack) -> Iterator[Callable[..., None]]:
    address = stack.catalogue.service("toxiproxy").address
    connection = http.client.HTTPConnection(address.host, address.port, timeout=_ANSWERS_WITHIN_S)

    def ask(method: str, path: str, body: dict[str, Any] | None = None) -> None:
        connection.request(method, path, None if body is None else json.dumps(body))
        answer = connection.getresponse()
        answer.read()
        assert answer.status < 300, f"{method} {path}: {answer.status}"

    try:
        yield ask
    finally:
        connection.close()


_BY_HELPERS = {("cpu_throttle", "duty-cycle")}
_RAWS: dict[tuple[str, str], Callable[[RunningStack, Fault], AbstractContextManager[Raw]]] = {
    **{(kind, ""): _edges for kind in ToxiproxyInjector.kinds},
    **{(kind, ""): _ended for kind in ("kill", "stop", "restart")},
    **{(kind, ""): _flagged for kind in ("fail_agent", "slow_agent", "set_flag")},
    ("pause", ""): _paused,
    ("cpu_throttle", ""): _grouped,
    ("memory_limit", "cgroup"): _grouped,
    ("memory_limit", "redis-maxmemory"): _maxmemory,
    ("fd_limit", ""): _limited(resource.RLIMIT_NOFILE, "limit", 1),
    ("file_size_limit", ""): _limited(resource.RLIMIT_FSIZE, "limit_kb", _KB),
    ("disk_full", ""): _filled,
    ("clock_skew", ""): _skewed,
    ("corrupt_cache", ""): _overwritten,
    ("evict_cache", ""): _deleted,
    ("poison_event", ""): _produced,
    ("tamper_decision", ""): _recorded,
}
