"""How many operations a second the load records on one core, and how late it begins them, against an API that only
echoes. `BENCH_SECONDS` is how long it is measured; `BENCH_OPERATIONS` how many a second are asked for."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chaos_aura.core.operation import ALLOCATE, RELEASE, Outcome
from chaos_aura.load.plan import LoadPlan
from chaos_aura.load.process import start
from chaos_aura.load.shapes import Phase
from chaos_aura.record.history import read_history

_MEASURED_S = float(os.environ.get("BENCH_SECONDS", "10"))
_ASKED_PER_S = float(os.environ.get("BENCH_OPERATIONS", "2200"))
_GOAL_PER_S, _GOAL_LAG_MS = 2000.0, 5.0
_WARM_S = 1.0
_WITHIN_S = 20.0
_TICKS = os.sysconf("SC_CLK_TCK")


def main() -> int:
    with tempfile.TemporaryDirectory() as name, echo() as (server, port):
        folder = Path(name)
        plan = LoadPlan(
            url=f"http://127.0.0.1:{port}",
            tag="bench",
            seed=1,
            # Each arrival is two operations: it asks, and gives back.
            phases=(
                Phase("warm", _WARM_S, 0, _ASKED_PER_S / 2),
                Phase("measured", _MEASURED_S, *[_ASKED_PER_S / 2] * 2),
            ),
            hold_s=0.05,
            canary_per_s=20,
        )
        load = start(plan, folder, folder / "load.log")
        began_ns = load.await_running(_WITHIN_S).began_ns
        pin(load.pid, -1)
        time.sleep(max(0.0, (began_ns - time.monotonic_ns()) / 1e9 + _WARM_S))
        before, busy_s, began_s = used_s(load.pid), all_used_s(), time.monotonic()
        echo_s = used_s(server.pid)
        time.sleep(_MEASURED_S - 0.5)
        took_s, mine_s = time.monotonic() - began_s, used_s(load.pid) - before
        others = (all_used_s() - busy_s - mine_s - (used_s(server.pid) - echo_s)) / took_s
        state = load.stop(_WITHIN_S)
        print(f"  other programs              {others:8.2f} cores, which also make it late")
        return report(folder, began_ns, mine_s / took_s, state.lag_p99_of_all_ms, state.why)


def report(folder: Path, began_ns: int, share: float, lag_ms: float, why: str) -> int:
    history = read_history(sorted(folder.glob("history-*.jsonl")))
    from_ns, until_ns = began_ns + int(_WARM_S * 1e9), began_ns + int((_WARM_S + _MEASURED_S - 0.5) * 1e9)
    mine = [each for each in history.operations if each.what in (ALLOCATE, RELEASE)]
    ended = [each for each in mine if each.ended_ns and from_ns <= each.ended_ns < until_ns]
    per_s = len(ended) / (until_ns - from_ns) * 1e9
    latencies_ms = sorted(each.latency_s(each.ended_ns or 0) * 1000 for each in ended)
    wrong = sum(each.outcome is not Outcome.OK for each in mine)
    missed = per_s < _GOAL_PER_S or lag_ms > _GOAL_LAG_MS or wrong > 0 or history.unread > 0
    too_few, too_late = told(per_s < _GOAL_PER_S), told(lag_ms > _GOAL_LAG_MS)
    print(f"  recorded operations         {per_s:8.0f} /s   (goal: at least {_GOAL_PER_S:g}){too_few}")
    print(f"  schedule lag, p99           {lag_ms:8.2f} ms   (goal: at most {_GOAL_LAG_MS:g}){too_late}")
    print(f"  latency from intended start {at(latencies_ms, 0.5):8.2f} ms   p99 {at(latencies_ms, 0.99):.2f} ms")
    print(f"  processor of the load       {share * 100:8.0f} %    of a core, {share / per_s * 1e6:.0f} us an operation")
    print(f"  not ok {wrong}, unreadable lines {history.unread}{f', {why}' if why else ''}")
    return 1 if missed else 0


def told(is_missed: bool) -> str:
    return "  MISSED" if is_missed else ""


def at(ordered: list[float], share: float) -> float:
    return ordered[int(len(ordered) * share)] if ordered else 0.0


def used_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def all_used_s() -> float:
    """By whomever: user, nice, system, interrupts."""
    fields = [int(each) for each in Path("/proc/stat").read_text(encoding="utf-8").split("\n", 1)[0].split()[1:]]
    return (sum(fields[:3]) + sum(fields[5:8])) / _TICKS


def pin(pid: int, which: int) -> None:
    """To one core: that of the load is not the echo's."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(pid, {cores[which]})


@contextmanager
def echo() -> Iterator[tuple["subprocess.Popen[str]", int]]:
    command = [sys.executable, str(Path(__file__).with_name("echoing.py"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        pin(server.pid, 0)
        try:
            yield server, int(json.loads(server.stdout.readline())["port"])
        finally:
            server.kill()


if __name__ == "__main__":
    sys.exit(main())
