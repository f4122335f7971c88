"""Whether a target is really hurt, told by no injector but by the kernel: what its processes do and have.

For `Case.hurts`. What is away is not hurt: nothing is stopped or limited where no process is. What kills or restarts
is over when it is proven, and a poisoned topic stays so: for them there is nothing to ask.
"""

import os
import resource
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from hurting import thread_states
from standing_reaper import helpers_in

from chaos_aura.core.fault import Fault
from chaos_aura.core.process import ProcessId
from chaos_aura.stack.running import RunningStack
from chaos_aura.supervision.state import ChildState

Witness = Callable[[], bool]

_SAMPLED_S = 0.5
_LOOK_EVERY_S = 0.005
_LONGEST_LIFE_S = 2.0
_FEWEST_FAULTS = 20  # of a process that does nothing
_BURNT_S = 0.05
_LATE_S = 30.0  # so long a busy machine may keep a helper from what it is to do next


def is_frozen(stack: RunningStack, service: str) -> Witness:
    """Every thread of it, as the kernel tells."""

    def hurts() -> bool:
        stopped = {state == "T" for state in _states(stack, service)}
        assert len(stopped) < 2, "some of its threads are stopped"
        return stopped == {True}

    return hurts


def is_frozen_at_times(stack: RunningStack, service: str) -> Witness:
    def hurts() -> bool:
        ends_s = time.monotonic() + _SAMPLED_S
        while time.monotonic() < ends_s or _may_be_late(stack.project.home, ends_s):
            if "T" in _states(stack, service):
                return True
            time.sleep(_LOOK_EVERY_S)
        return False

    return hurts


def _states(stack: RunningStack, service: str) -> list[str]:
    process = process_now(stack, service)
    with suppress(FileNotFoundError, ProcessLookupError):
        return thread_states(process) if process else []
    return []


def is_kept_down(stack: RunningStack, service: str) -> Witness:
    return lambda: stack.supervisor.children()[service].state is not ChildState.RUNNING


def comes_to_no_age(stack: RunningStack, service: str) -> Witness:
    """Whom somebody has stopped is killed no more."""

    def hurts() -> bool:
        first, began_s = stack.supervisor.children()[service], time.monotonic()
        while (now := stack.supervisor.children()[service]).state is not ChildState.STOPPED:
            if now.process is None or now.process != first.process:
                return True
            if now.process.uptime_s() > _LONGEST_LIFE_S and not _may_be_late(stack.project.home, began_s):
                return False
            time.sleep(_LOOK_EVERY_S)
        return False

    return hurts


def has_limit(stack: RunningStack, service: str, which: int, most: int) -> Witness:
    """`most` is the unit of the kernel: files, or bytes."""

    def hurts() -> bool:
        process = process_now(stack, service)
        with suppress(ProcessLookupError):
            return process is not None and 0 <= resource.prlimit(process.pid, which)[0] <= most
        return False

    return hurts


def is_in_a_tight_group(stack: RunningStack, fault: Fault) -> Witness:
    """Where the kernel says that its process is, and what the files of that group let it have."""
    controller = {"cpu_throttle": "cpu", "memory_limit": "memory"}[fault.kind]

    def hurts() -> bool:
        process = process_now(stack, fault.target)
        group = _group(process, controller) if process else None
        if group is None or not group.name.startswith("chaos-aura-"):
            return False
        if controller == "cpu":
            return _percent(group) == fault.number("percent")
        names = ("memory.max", "memory.limit_in_bytes")
        (most,) = [int((group / name).read_text()) for name in names if (group / name).exists()]
        return most <= fault.number("limit_mb") * 2**20

    return hurts


def _group(process: ProcessId, controller: str) -> Path | None:
    top = Path("/sys/fs/cgroup")
    with suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{process.pid}/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controller in controllers.split(","):
                return top / controllers / path.lstrip("/")
            if not controllers and not (top / "unified").exists():
                return top / path.lstrip("/")
    return None


def _percent(group: Path) -> float:
    if (group / "cpu.max").exists():
        quota, period = (group / "cpu.max").read_text().split()
    else:
        quota, period = ((group / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
    return 100 * int(quota) / int(period)


def burns(home: Path) -> Witness:
    """Processor time that helpers really get."""

    def hurts() -> bool:
        before_s, began_s = _ran_s(home), time.monotonic()
        while _may_be_late(home, began_s):
            if _ran_s(home) > before_s + _BURNT_S:
                return True
        return False

    return hurts


def _ran_s(home: Path) -> float:
    ran_ns = 0
    for pid in helpers_in(home):
        for task in Path(f"/proc/{pid}/task").glob("*"):
            with suppress(FileNotFoundError, ProcessLookupError):
                ran_ns += int((task / "schedstat").read_text().split()[0])
    return ran_ns / 1e9


def holds_memory(home: Path, size_mb: int) -> Witness:
    def held_kb(pid: int) -> int:
        with suppress(FileNotFoundError, ProcessLookupError):
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            return sum(int(line.split()[1]) for line in lines if line.startswith("RssAnon:"))
        return 0

    return lambda: sum(map(held_kb, helpers_in(home))) >= size_mb << 10


def starts(home: Path, rate_per_s: int) -> Witness:
    """Half as many is churn, too. The machine counts all; whose they are shows in the page faults that each leaves
    to its parent when it ends.
    """

    def is_churn() -> bool:
        began_s, started, faults = time.monotonic(), _started(), _faults_of_children(home)
        time.sleep(_SAMPLED_S)  # not a wait: starts are counted meanwhile
        least = rate_per_s * (time.monotonic() - began_s) / 2
        faults_each = (_faults_of_children(home) - faults) / least
        return _started() - started > least and faults_each > _FEWEST_FAULTS

    def hurts() -> bool:
        began_s = time.monotonic()
        while _may_be_late(home, began_s):
            if is_churn():
                return True
        return False

    return hurts


def _started() -> int:
    (row,) = [line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("processes ")]
    return int(row.split()[1])


def _faults_of_children(home: Path) -> int:
    count = 0
    for pid in helpers_in(home):
        with suppress(FileNotFoundError, ProcessLookupError):
            count += int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[8])
    return count


def has_lost_room(folder: Path, size_mb: float) -> Witness:
    """Since now."""
    before = os.statvfs(folder).f_bfree

    def hurts() -> bool:
        now = os.statvfs(folder)
        return (before - now.f_bfree) * now.f_frsize > size_mb * 2**20

    return hurts


def _may_be_late(home: Path, due_s: float) -> bool:
    """What a helper does may still be seen. Without one nothing is to come."""
    return time.monotonic() < due_s + _LATE_S and bool(helpers_in(home))


def process_now(stack: RunningStack, service: str) -> ProcessId | None:
    process = stack.supervisor.children()[service].process
    return process if process and process.is_alive() else None
