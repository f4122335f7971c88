"""How long each fault takes from the call to proven in force, and from the end to proven gone.

The peer is the mechanism alone, in the same run: the request to Toxiproxy, the signal, the system call, without a
lease, a proof or a reaper. Goals: an edge p99 25 ms, a process 250 ms, a clock 1.5 s. BENCH_CYCLES=1000 shows 1,000 of
1,000 on each edge. Ends with 1 when a cycle was not proven.
"""

import http.client
import json
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from awaiting import wait_until
from bench_degraded import quantile
from blows import BLOWS, Blow
from driven_allocations import drive
from hurting import is_well, process_of
from local_stack import placed

from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.lease import Lease
from chaos_aura.faults.engine import Engine
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.limits import Limits
from chaos_aura.faults.reaper.link import ReaperLink
from chaos_aura.faults.registry import Registry
from chaos_aura.stack.running import RunningStack

_EDGE_CYCLES = int(os.environ.get("BENCH_CYCLES", "200"))
_CYCLES = max(5, _EDGE_CYCLES // 20)
_WELL_WITHIN_S = 60
_MS = 1000


def main() -> int:
    with tempfile.TemporaryDirectory() as folder, placed(Path(folder)) as one:
        one.up()
        stack = one.running()
        drive(stack, 3)
        link = ReaperLink(stack.project.home)
        ground = Ground(stack.project.home, dict(os.environ))
        engine = Engine(ground, Registry.installed(ground), link, limits=Limits())
        try:
            link.ready()
            print("medians and p99 in ms; of fewer than 100 cycles the longest instead of p99")
            proven = [_bench(engine, stack, blow.on(stack.project.home)) for blow in BLOWS]
            return int(not all(proven))
        finally:
            engine.heal_mine()
            engine.close()
            link.close()


def _bench(engine: Engine, stack: RunningStack, blow: Blow) -> bool:
    """Whether each cycle was proven in force and proven gone."""
    cycles = _EDGE_CYCLES if blow.is_network else _CYCLES
    in_force, gone, failed = [], [], []
    for _ in range(cycles):
        began_s = time.perf_counter()
        try:
            lease = _injected(engine, blow)
        except ChaosAuraError as cause:
            failed.append(str(cause))
            continue
        in_force.append(time.perf_counter() - began_s)
        began_s = time.perf_counter()
        outcomes = engine.heal([lease])
        gone.append(time.perf_counter() - began_s)
        failed += [outcome.why for outcome in outcomes if not outcome.is_good]
        if not blow.is_network:
            wait_until(lambda: is_well(stack), _WELL_WITHIN_S, f"all is well again after {blow}")
    proven = f"{len(in_force)} of {cycles} proven"
    print(f"{blow!s:38} in force {_shown(in_force)}  gone {_shown(gone)}  {proven}  {_raw(stack, blow)}")
    for why in dict.fromkeys(failed):
        print(f"    failed: {why}")
    return not failed


def _injected(engine: Engine, blow: Blow) -> Lease:
    return engine.inject(engine.fault(blow.kind, blow.target, blow.parameters, 60), blow.injector)


def _shown(seconds: list[float]) -> str:
    if not seconds:
        return "       -        -"
    share = 0.99 if len(seconds) >= 100 else 1
    return f"{quantile(seconds, 0.5) * _MS:8.1f} {quantile(seconds, share) * _MS:8.1f}"


def _raw(stack: RunningStack, blow: Blow) -> str:
    """The mechanism alone."""
    if blow.kind == "latency" and blow.is_network:
        with _toxiproxy(stack) as ask:
            return _timed(lambda: _add(ask, blow.target), lambda: _remove(ask, blow.target), _EDGE_CYCLES)
    if blow.kind == "pause":
        pid = process_of(stack, blow.target).pid
        return _timed(lambda: os.kill(pid, signal.SIGSTOP), lambda: os.kill(pid, signal.SIGCONT), _CYCLES)
    if blow.kind in ("fd_limit", "file_size_limit"):
        name = resource.RLIMIT_NOFILE if blow.kind == "fd_limit" else resource.RLIMIT_FSIZE
        pid = process_of(stack, blow.target).pid
        former = resource.prlimit(pid, name)
        return _timed(lambda: resource.prlimit(pid, name, former), lambda: resource.prlimit(pid, name, former), _CYCLES)
    return ""


def _timed(do: Callable[[], object], undo: Callable[[], object], cycles: int) -> str:
    done, undone = [], []
    for _ in range(cycles):
        began_s = time.perf_counter()
        do()
        middle_s = time.perf_counter()
        undo()
        done.append(middle_s - began_s)
        undone.append(time.perf_counter() - middle_s)
    return f"alone {_shown(done)}  {_shown(undone)}"


@contextmanager
def _toxiproxy(stack: RunningStack) -> Iterator[Callable[..., None]]:
    address = stack.catalogue.service("toxiproxy").address
    connection = http.client.HTTPConnection(address.host, address.port, timeout=5)

    def ask(method: str, path: str, body: dict[str, Any] | None = None) -> None:
        connection.request(method, path, None if body is None else json.dumps(body))
        answer = connection.getresponse()
        answer.read()
        assert answer.status < 300, answer.status

    try:
        yield ask
    finally:
        connection.close()


def _add(ask: Callable[..., None], proxy: str) -> None:
    toxic = {"name": "raw", "type": "latency", "attributes": {"latency": 80}}
    ask("POST", f"/proxies/{proxy}/toxics", toxic)


def _remove(ask: Callable[..., None], proxy: str) -> None:
    ask("DELETE", f"/proxies/{proxy}/toxics/raw")


if __name__ == "__main__":
    sys.exit(main())
