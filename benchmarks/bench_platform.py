"""How many allocations the platform carries with everything running here, and where their time goes.

The peer is the pool alone, in the same run: what Temporal itself gives for the one step that must not be shared.
"""

import asyncio
import itertools
import json
import os
import statistics
import sys
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import httpx
from local_stack import PlacedStack, placed
from temporalio.client import Client

from chaos_aura.platform.model import GpuType
from chaos_aura.platform.pool.client import PoolClient
from chaos_aura.platform.pool.orders import GrantOrder, ReleaseOrder
from chaos_aura.stack.running import RunningStack

_CALLERS = 16
_WARM_S = 5.0
_MEASURED_S = float(os.environ.get("BENCH_SECONDS", "20"))
_GOAL_CYCLES, _GOAL_POOL = 10, 150
_NUMBERS = itertools.count()  # no number comes twice: a repeated id would be a repeated request
_TICKS = os.sysconf("SC_CLK_TCK")
_TYPES = (GpuType.T4, GpuType.T4, GpuType.V100, GpuType.A100)


class Times:
    """Seconds of each operation, by its name."""

    def __init__(self) -> None:
        self.all: dict[str, list[float]] = defaultdict(list)
        self.wrong: dict[str, int] = defaultdict(int)

    def table(self) -> Iterator[str]:
        for name, seconds in self.all.items():
            ordered = sorted(seconds)
            at = [ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 for share in (0.5, 0.95, 0.99)]
            yield f"  {name:<28} {len(ordered):>6}  p50 {at[0]:7.1f}  p95 {at[1]:7.1f}  p99 {at[2]:7.1f} ms"
        for what, count in self.wrong.items():
            yield f"  {what}: {count}"


async def called_side_by_side(cycle: Callable[[int], Awaitable[None]], seconds: float) -> None:
    """A closed loop on purpose: it asks how much can be carried, not how long tenants wait."""
    ends_s = time.monotonic() + seconds

    async def caller() -> None:
        while time.monotonic() < ends_s:
            await cycle(next(_NUMBERS))

    await asyncio.gather(*(caller() for _ in range(_CALLERS)))


async def bench_pool(stack: RunningStack) -> float:
    client = await Client.connect(str(stack.catalogue.service("temporal").address))
    pool, times, run = PoolClient(client, timeout_s=15), Times(), uuid.uuid4().hex[:6]

    async def cycle(number: int) -> None:
        began_s = time.perf_counter()
        grant = await pool.grant(GrantOrder(f"{run}-{number}", "bench", GpuType.T4, 1))
        await pool.release(ReleaseOrder(grant.allocation_id, grant.fencing_token))
        times.all["grant and release"].append(time.perf_counter() - began_s)

    await called_side_by_side(cycle, _WARM_S / 2)
    times.all.clear()
    began_s = time.perf_counter()
    await called_side_by_side(cycle, _MEASURED_S / 2)
    rate = 2 * len(times.all["grant and release"]) / (time.perf_counter() - began_s)
    print(f"pool alone: {rate:.0f} updates/s (goal {_GOAL_POOL})")
    print("\n".join(times.table()))
    return rate


async def bench_cycles(stack: RunningStack) -> float:
    times, run = Times(), uuid.uuid4().hex[:6]
    url = f"http://{stack.catalogue.service('api').address}/allocations"
    async with httpx.AsyncClient(timeout=30, limits=httpx.Limits(max_connections=_CALLERS)) as client:

        async def cycle(number: int) -> None:
            request_id, tenant = f"bench-{run}-{number}", f"tenant-{number % 10}"
            gpu_type = _TYPES[number % len(_TYPES)]
            body = {"request_id": request_id, "tenant": tenant, "gpu_type": gpu_type, "count": 1, "hours": 1}
            began_s = time.perf_counter()
            told = await client.post(url, json=body)
            times.all["POST"].append(time.perf_counter() - began_s)
            if told.status_code != 201:
                times.wrong[f"POST answered {told.status_code}"] += 1
                return
            began_s = time.perf_counter()
            told = await client.delete(f"{url}/{request_id}", headers={"X-Tenant": tenant})
            if told.status_code == 200:
                times.all["DELETE"].append(time.perf_counter() - began_s)
            else:
                times.wrong[f"DELETE answered {told.status_code}"] += 1

        await called_side_by_side(cycle, _WARM_S)
        times.all.clear()
        times.wrong.clear()
        before, began_s = cpu_s(stack), time.perf_counter()
        await called_side_by_side(cycle, _MEASURED_S)
        took_s, after = time.perf_counter() - began_s, cpu_s(stack)
    cycles = len(times.all["DELETE"])
    print(f"whole cycles over HTTP: {cycles / took_s:.1f}/s (goal {_GOAL_CYCLES}), {_CALLERS} callers")
    print("\n".join(times.table()))
    print("  processor time of a cycle, by process:")
    for name in sorted(after, key=lambda name: before[name] - after[name]):
        used_s = after[name] - before[name]
        print(f"    {name:<12} {used_s / max(1, cycles) * 1000:6.1f} ms   {used_s / took_s * 100:5.1f} % of a core")
    return cycles / took_s


def cpu_s(stack: RunningStack) -> dict[str, float]:
    """Of each member so far, and of this process."""
    pids = {child.name: child.process.pid for child in stack.supervisor.children().values() if child.process}
    return {name: _used_s(pid) for name, pid in {**pids, "this bench": os.getpid()}.items()}


def _used_s(pid: int) -> float:
    told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / _TICKS


def print_steps(placed_stack: PlacedStack) -> None:
    """The median of each step of a request, from the platform's own spans."""
    durations: dict[tuple[str, str], list[float]] = defaultdict(list)
    for path in sorted((placed_stack.project.home / "spans").glob("*.ndjson")):
        for line in path.read_text(encoding="utf-8").splitlines():
            span = json.loads(line)
            if str(span.get("request_id", "")).startswith("bench-"):
                durations[span["process"], span["name"]].append(span["duration_us"] / 1000)
    print("  steps of a request, medians:")
    for (process, name), spent_ms in sorted(durations.items(), key=lambda each: -statistics.median(each[1])):
        print(f"    {process:<8} {name:<44} {statistics.median(spent_ms):8.2f} ms   {len(spent_ms):>6} times")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, placed(Path(folder)) as one:
        one.up()
        stack = one.running()
        pool_rate = asyncio.run(bench_pool(stack))
        rate = asyncio.run(bench_cycles(stack))
        print_steps(one)
        print(f"a whole cycle costs {pool_rate / 2 / rate:.1f} x the pool's part of it")
    sys.stdout.flush()
    os._exit(0)  # a process that has used Temporal's client may crash at its end


if __name__ == "__main__":
    main()
