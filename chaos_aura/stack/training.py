"""Makes start-up caches of the JVMs, in the background, with servers of its own that nobody else uses.

`python -m chaos_aura.stack.training PROJECT CACHE SERVICE...` is a job of the stack's supervisor and ends with it.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from chaos_aura.core.catalogue import Catalogue
from chaos_aura.core.errors import ChaosAuraError, PingFailed, ServiceUnhealthy
from chaos_aura.core.lock import take
from chaos_aura.core.process import ProcessId
from chaos_aura.core.project import Project
from chaos_aura.pings import of_service
from chaos_aura.stack import ports
from chaos_aura.stack.aot import AotCache
from chaos_aura.stack.build import aot_caches, catalogue_of, make_site, port_names
from chaos_aura.stack.cache import Cache
from chaos_aura.stack.manifest import Manifest
from chaos_aura.stack.running import RunningStack
from chaos_aura.stack.services import LOCAL_SERVICES, LocalService, Site
from chaos_aura.stack.supervisor.spawn import spawn
from chaos_aura.supervision.place import TRAINING

_HEALTHY_WITHIN_S = 180.0
_ENDS_WITHIN_S = 120.0
_PING_WITHIN_S = 5.0
_TRY_EVERY_S = 0.05
_EXERCISES = 20


def train_if_needed(site: Site, running: RunningStack) -> tuple[str, ...]:
    """The services whose JVM runs without its cache, and for which one is being made from now on."""
    children = running.supervisor.children()
    without = [
        name
        for name, cache in aot_caches(site).items()
        if (process := children[name].process) and _is_needed(cache, process)
    ]
    if not without or not _can_write(site.cache.aot_dir):
        return ()
    argv = [
        sys.executable,
        "-P",
        "-m",
        "chaos_aura.stack.training",
        str(site.project.root),
        str(site.cache.root),
        *without,
    ]
    running.supervisor.run_job(replace(site.program(TRAINING, argv, grace_s=0), is_job=True, nice=10))
    return tuple(without)


def _is_needed(cache: AotCache, jvm: ProcessId) -> bool:
    """There is none, or a JVM that could have used it did not: it refused it."""
    if not cache.exists:
        return True
    return cache.could_have_been_used(jvm.uptime_s()) and not cache.is_used_by(jvm.pid)


def main() -> int:
    return 1 if train(Project(Path(sys.argv[1])), Cache(Path(sys.argv[2])), sys.argv[3:]) else 0


def train(project: Project, cache: Cache, names: Collection[str]) -> int:
    """How many were not made. One that fails does not keep the next from being made."""
    failures = 0
    for service in LOCAL_SERVICES:
        if service.name in names:
            try:
                _train(service, project, cache)
            except (ChaosAuraError, OSError, subprocess.SubprocessError) as cause:
                _say(f"{service.name}: no start-up cache was made: {cause}")
                failures += 1
    return failures


def _train(service: LocalService, project: Project, cache: Cache) -> None:
    with _only_one(cache.aot_dir / f".{service.name}.lock") as is_the_one:
        if not is_the_one:
            _say(f"{service.name}: another stack is making it")
            return
        began_s = time.monotonic()
        scratch = project.home / TRAINING / service.name
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        try:
            with _site(Project(scratch), cache) as site:
                made = aot_caches(site)[service.name]
                _make(service, site, scratch, made.in_the_making)
                made.take_over()
        finally:
            _remove_unfinished(cache.aot_dir, service.name)
            shutil.rmtree(scratch, ignore_errors=True)
        _say(f"{service.name}: made {made.path.name} in {time.monotonic() - began_s:.0f} s")


@contextmanager
def _site(project: Project, cache: Cache) -> Iterator[Site]:
    project.make()
    names = port_names()
    reservation = ports.choose(len(names), random.Random())
    try:
        yield make_site(project, cache, Manifest.bundled(), os.environ, reservation.ports)
    finally:
        reservation.release()


def _remove_unfinished(folder: Path, product: str) -> None:
    """Of this run, or of one that was killed: there is only one at a time."""
    for part in folder.glob(f".{product}-*.part"):
        part.unlink(missing_ok=True)


def _make(service: LocalService, site: Site, scratch: Path, made: Path) -> None:
    """Records what a real start loads, then makes the cache of it."""
    recorded = scratch / "recorded"
    flags = ("-XX:AOTMode=record", f"-XX:AOTConfiguration={recorded}", "-Xlog:aot*=off")
    recording = replace(site, jvm_flags={service.name: flags})
    service.prepare(recording)
    _run_for_a_while(service, recording)
    jvm = service.jvm(site)
    if jvm is None or not recorded.exists():
        raise ServiceUnhealthy(service.name, "its JVM recorded nothing", f"look at: {site.project.log(service.name)}")
    argv = [str(jvm.jre.java), *jvm.flags, "-XX:AOTMode=create", f"-XX:AOTConfiguration={recorded}"]
    argv += [f"-XX:AOTCache={made}", "-Xlog:aot*=off", "-cp", jvm.joined_classpath]
    maker = spawn(site.program("create", argv, grace_s=0))
    if maker.wait(_ENDS_WITHIN_S) or not made.exists():
        raise ServiceUnhealthy(service.name, f"no cache came of it (exit {maker.returncode})")


def _run_for_a_while(service: LocalService, site: Site) -> None:
    catalogue = catalogue_of(site)
    server = spawn(service.program(site))
    try:
        _await_pong(service, catalogue, server)
        for _ in range(_EXERCISES):
            of_service.ping(catalogue, service.name, _PING_WITHIN_S)
        server.send_signal(signal.SIGTERM)
        server.wait(_ENDS_WITHIN_S)
    finally:
        server.kill()
        server.wait()


def _await_pong(service: LocalService, catalogue: Catalogue, server: "subprocess.Popen[bytes]") -> None:
    deadline_s = time.monotonic() + _HEALTHY_WITHIN_S
    while True:
        try:
            of_service.ping(catalogue, service.name, _PING_WITHIN_S)
        except PingFailed:
            if server.poll() is not None or time.monotonic() > deadline_s:
                raise
            time.sleep(_TRY_EVERY_S)
        else:
            return


@contextmanager
def _only_one(lock_file: Path) -> Iterator[bool]:
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    with lock_file.open("a") as lock:
        yield take(lock.fileno())


def _can_write(folder: Path) -> bool:
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    return os.access(existing, os.W_OK)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a job's log is its output


if __name__ == "__main__":
    sys.exit(main())
