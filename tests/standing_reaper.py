"""A living process that stands in for the reaper of a stack: helpers hold on to it, and it heals nothing."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from awaiting import wait_until

from chaos_aura.core.process import ProcessId
from chaos_aura.core.signature import sign
from chaos_aura.faults.ground import FOLDER
from chaos_aura.faults.lasting import place
from chaos_aura.faults.place import REAPER_LOCK

_ENDED_WITHIN_S = 30


@contextmanager
def standing_reaper(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Its end ends the helpers: none may be left."""
    lock = home / FOLDER / REAPER_LOCK
    lock.parent.mkdir(parents=True, exist_ok=True)
    former = lock.read_bytes() if lock.exists() else b""
    with subprocess.Popen(["sleep", "900"], stdin=subprocess.DEVNULL) as reaper:
        try:
            process = ProcessId.of(reaper.pid)
            assert process
            _write(lock, process)
            yield reaper
        finally:
            reaper.kill()
            reaper.wait()
            lock.write_bytes(former)
            _all_must_end(home)


def _all_must_end(home: Path) -> None:
    try:
        wait_until(lambda: not helpers_in(home), _ENDED_WITHIN_S, "every helper has ended")
    finally:
        for pid in helpers_in(home):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def helpers_in(home: Path) -> dict[int, str]:
    """Of any lease: all that bear a mark and name that folder."""
    found = {}
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            line = (entry / "cmdline").read_text(encoding="utf-8", errors="replace") if entry.name.isdigit() else ""
            if place.mark("") in line and str(home) in line:
                found[int(entry.name)] = line.replace("\0", " ")
    return found


def _write(lock: Path, process: ProcessId) -> None:
    handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        sign(handle, process)
    finally:
        os.close(handle)
