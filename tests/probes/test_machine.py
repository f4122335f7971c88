import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from awaiting import wait_until

from chaos_aura.core.process import ProcessId
from probes.sampler.census import (
    TICKS_A_SECOND,
    Census,
    Process,
    Processors,
    read_process,
    read_processors,
    take_census,
)
from probes.sampler.echo import Echo
from probes.sampler.machine import Machine
from probes.sampler.ours import Ours, command_line

_BUSY = "while True: pass"
_LASTS_S = 1.5
_WITHIN_S = 60.0
_OF_A_STRANGER = """
import os, subprocess, sys
if os.fork():
    os._exit(0)
os.setsid()
print(subprocess.Popen([sys.executable, "-c", sys.argv[1]], cwd="/", stdout=subprocess.DEVNULL).pid, flush=True)
os._exit(0)
"""


@contextmanager
def stranger(program: str) -> Iterator[int]:
    """Nobody's descendant that is of this process."""
    words = [sys.executable, "-c", _OF_A_STRANGER, program]
    pid = int(subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True, cwd="/", timeout=30).stdout)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)


@contextmanager
def child(program: str, *words: str, cwd: Path = Path("/")) -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", program, *words], cwd=cwd) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def rests(pid: int) -> None:
    """Until a program that only sleeps bears its words: whoever starts it goes on a moment before it does."""
    wait_until(lambda: command_line(pid), _WITHIN_S, "it is there")


def stretch(machine: Machine, workers: Collection[int], least_cores: float) -> tuple[dict[str, Any], float]:
    """The first in which they had so many processors, so that what was seen says something; and how many."""
    last = take_census()
    machine.look(last)

    def they_had() -> tuple[dict[str, Any], float] | None:
        nonlocal last
        first = last
        time.sleep(_LASTS_S)
        last = take_census()
        seen = machine.look(last)
        assert seen
        used = sum(last.processes[pid].used - first.processes[pid].used for pid in workers)
        # Each has one thread, and is asked a moment after the whole was.
        cores = min(len(workers), used / TICKS_A_SECOND / (last.at_s - first.at_s))
        return (seen, cores) if cores > least_cores else None

    found = wait_until(they_had, 2 * _WITHIN_S, f"they have {least_cores:g} processors")
    assert found
    return found


@pytest.mark.alone
def test_a_strangers_work_is_seen(tmp_path: Path) -> None:
    with stranger(_BUSY) as pid:
        machine = Machine(Ours(tmp_path, os.getpid()))
        assert machine.look(take_census()) is None
        seen, cores = stretch(machine, [pid], 0.4)
    assert seen["foreign_cpu"] > 0.8 * cores - 0.15


@pytest.mark.alone
def test_our_own_work_is_not_a_strangers(tmp_path: Path) -> None:
    """However much others do: what all do together is no more than there are processors."""
    machine = Machine(Ours(tmp_path, os.getpid()))
    processors = os.cpu_count() or 1
    with child(
        f"import os\nfor _ in range({processors}):\n    if not os.fork():\n        {_BUSY}\nos.wait()"
    ) as parent:
        family = wait_until(lambda: _family_of(parent, processors + 1), _WITHIN_S, "all are there")
        try:
            seen, cores = stretch(machine, family, 0.4 * processors)
        finally:
            for pid in family - {parent}:
                os.kill(pid, signal.SIGKILL)
    assert seen["foreign_cpu"] < processors - cores + 0.3


def _family_of(pid: int, count: int) -> set[int]:
    family = take_census().family([pid])
    return family if len(family) == count else set()


def test_what_works_in_the_stacks_folder_or_names_it_is_ours_and_stays_ours(tmp_path: Path) -> None:
    home = tmp_path / ".chaos-aura"
    (home / "data").mkdir(parents=True)
    (tmp_path / ".chaos-aura-2").mkdir()
    sleeps = "import time; time.sleep(600)"
    somebody = os.getppid()
    with (
        child(sleeps, cwd=home / "data") as inside,
        child(sleeps, str(home / "config")) as naming,
        child(sleeps, str(tmp_path / ".chaos-aura-2"), cwd=tmp_path) as beside,
    ):
        for pid in (inside, naming, beside):
            rests(pid)
        ours = Ours(home, somebody)
        everyone = take_census()
        without_us = {pid: each for pid, each in everyone.processes.items() if pid not in (os.getpid(), somebody)}
        found = ours.among(Census(0.0, without_us))
        assert found >= {inside, naming}
        assert beside not in found
        orphaned = {inside: Process(everyone.processes[inside].id, 1, 0, 0, 1.0)}
        assert ours.among(Census(1.0, orphaned)) == {inside}


def test_all_that_descends_from_the_controller_is_ours(tmp_path: Path) -> None:
    def one(pid: int, parent: int) -> Process:
        return Process(ProcessId(pid, 7), parent, 0, 0, 1.0)

    controller, load, worker = 4_000_001, 4_000_002, 4_000_003  # above what the kernel gives away
    ours = Ours(tmp_path, controller)
    family = {each.id.pid: each for each in (one(controller, 1), one(load, controller), one(worker, load))}
    assert ours.among(Census(0.0, family)) == {controller, load, worker}
    orphan = {worker: one(worker, 1), 4_000_004: one(4_000_004, worker), 4_000_005: one(4_000_005, 1)}
    assert ours.among(Census(1.0, orphan)) == {worker, 4_000_004}


def test_steal_is_a_share_of_all_time(tmp_path: Path) -> None:
    machine = Machine(Ours(tmp_path, os.getpid()))
    machine.look(Census(0.0, {}, Processors(busy=100, steal=0, total=1000, running=1)))
    seen = machine.look(Census(1.0, {}, Processors(busy=100 + TICKS_A_SECOND, steal=50, total=1200, running=3)))
    assert seen == {"foreign_cpu": 1.0, "steal": 0.25, "running": 3}


def test_what_the_kernel_tells_is_understood() -> None:
    stat = b"cpu  10 20 30 400 5 6 7 8 9 9\ncpu0 1 1 1 1 1 1 1 1 0 0\nintr 5\nprocs_running 3\nprocs_blocked 0\n"
    assert read_processors(stat) == Processors(busy=60, steal=8, total=486, running=3)
    fields = b"S 7 1 1 0 -1 0 0 0 0 0 11 12 13 14 20 0 1 0 12345 1000 256 1 1"
    process = read_process(b"42 (a) (strange name) " + fields)
    assert process.id == ProcessId(42, 12345)
    assert (process.parent, process.used, process.of_children) == (7, 23, 27)
    assert process.rss_mb > 0


def test_this_process_is_found_as_it_is() -> None:
    census = take_census()
    assert census.processes[os.getpid()].id == ProcessId.of(os.getpid())
    assert census.processes[os.getpid()].parent == os.getppid()
    assert os.getpid() in census.family([os.getppid()])


def test_an_echo_comes_back() -> None:
    echo = Echo()
    try:
        assert 0 < min(echo.round_trip_s() for _ in range(5)) < 1
    finally:
        echo.close()
