"""What a guard costs a call that does not fail, above the bare call, beside bare pybreaker and bare tenacity.

All are measured in turns in one run, because the machine is noisy and the noise then meets all alike. Threads and tasks
share one breaker, one tenacity, one guard, as they do in the platform. `guard` is everything: flags read from their
file, budget, deadline, latency, breaker, and among tasks the time limit of a try.
"""

import asyncio
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import pybreaker
import tenacity

from chaos_aura.platform.flags import FlagFile
from chaos_aura.platform.guards import Guard, Policy
from chaos_aura.platform.guards.breaker import Breaker

_ROUNDS = 15
_CALLS = 6400
_MANY = 32
_HOLD_S = 0.05
_GOALS_US = {"breaker": 2.0, "guard": 5.0}
_RIVALS = {"breaker": "pybreaker", "guard": "tenacity"}

type Measured = Mapping[str, list[float]]


def main() -> None:
    print(f"us of CPU time a call above the bare call, median of {_ROUNDS} rounds of {_CALLS} calls")
    with tempfile.TemporaryDirectory(prefix="chaos-aura-bench-") as folder:
        flags = FlagFile(Path(folder) / "flags.json", {}).current
        for threads in (1, _MANY):
            cases = plain_cases(Guard("bench", flags=flags))
            _report(
                f"{threads:2} threads", _in_rounds({name: _in_threads(call, threads) for name, call in cases.items()})
            )
        for tasks in (1, _MANY):
            _report(f"{tasks:2} tasks", asyncio.run(_in_tasks(Guard("bench", flags=flags), tasks)))
        _report_holding(Guard("bench", flags=flags))
    _report_imports()


def plain_cases(guard: Guard) -> dict[str, Callable[[], object]]:
    def bare() -> str:
        return "good"

    rival, breaker, retrying = (
        pybreaker.CircuitBreaker(),
        _breaker(),
        tenacity.Retrying(stop=tenacity.stop_after_attempt(4)),
    )
    return {
        "bare": bare,
        "pybreaker": lambda: rival.call(bare),
        "breaker": lambda: breaker.call(bare),
        "tenacity": lambda: retrying(bare),
        "guard": lambda: guard.run_sync(bare),
    }


def coroutine_cases(guard: Guard) -> dict[str, Callable[[], Awaitable[object]]]:
    """pybreaker has no coroutines without Tornado."""

    async def bare() -> str:
        return "good"

    async def timed() -> str:
        async with asyncio.timeout(2):
            return await bare()

    breaker, retrying = _breaker(), tenacity.AsyncRetrying(stop=tenacity.stop_after_attempt(4))
    return {
        "bare": bare,
        "asyncio.timeout": timed,
        "breaker": lambda: breaker.call_async(bare),
        "tenacity": lambda: retrying(bare),
        "guard": lambda: guard.run(bare),
    }


def _breaker() -> Breaker:
    policy = Policy()
    return Breaker("bench", policy, policy.failures, lambda _: None, time.monotonic)


def _in_rounds(cases: Mapping[str, Callable[[], float]]) -> Measured:
    measured: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(_ROUNDS):
        for name, case in cases.items():
            measured[name].append(case())
    return measured


def _in_threads(call: Callable[[], object], threads: int) -> Callable[[], float]:
    """Microseconds of CPU time a call, the start of the threads not counted: neighbours stretch the other kind."""
    each = _CALLS // threads

    def work(ready: threading.Barrier) -> None:
        ready.wait()
        for _ in range(each):
            call()

    def measure() -> float:
        ready = threading.Barrier(threads + 1)
        crew = [threading.Thread(target=work, args=(ready,)) for _ in range(threads)]
        for one in crew:
            one.start()
        began_s = time.process_time()
        ready.wait()
        for one in crew:
            one.join()
        return 1e6 * (time.process_time() - began_s) / (each * threads)

    return measure


async def _in_tasks(guard: Guard, tasks: int) -> Measured:
    cases = coroutine_cases(guard)
    measured: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(_ROUNDS):
        for name, call in cases.items():
            measured[name].append(await _of_tasks(call, tasks))
    return measured


async def _of_tasks(call: Callable[[], Awaitable[object]], tasks: int) -> float:
    each = _CALLS // tasks

    async def work() -> None:
        for _ in range(each):
            await call()

    began_s = time.process_time()
    await asyncio.gather(*(work() for _ in range(tasks)))
    return 1e6 * (time.process_time() - began_s) / (each * tasks)


def _report(where: str, measured: Measured) -> None:
    bare_us = measured["bare"]
    above_us = {
        name: statistics.median(one - bare for one, bare in zip(times_us, bare_us, strict=True))
        for name, times_us in measured.items()
    }
    for name, us in above_us.items():
        if name != "bare":
            print(f"{where}  {name:16} {us:7.2f}{_judged(name, us, above_us)}")


def _judged(name: str, us: float, above_us: Mapping[str, float]) -> str:
    if name not in _GOALS_US:
        return ""
    rival = _RIVALS[name]
    ratio = f", {us / above_us[rival]:.2f} x bare {rival}" if rival in above_us else ""
    return f"  (goal: at most {_GOALS_US[name]:g}{'' if us <= _GOALS_US[name] else ', MISSED'}){ratio}"


def _report_holding(guard: Guard) -> None:
    """Calls that last, side by side: whoever holds a lock across the call puts them in a row."""
    rival = pybreaker.CircuitBreaker()
    print(f"{_MANY} threads, one call of {_HOLD_S * 1000:g} ms each")
    for name, call in {
        "pybreaker": lambda: rival.call(time.sleep, _HOLD_S),
        "guard": lambda: guard.run_sync(lambda: time.sleep(_HOLD_S)),
    }.items():
        crew = [threading.Thread(target=call) for _ in range(_MANY)]
        began_s = time.perf_counter()
        for one in crew:
            one.start()
        for one in crew:
            one.join()
        print(f"            {name:16} {1000 * (time.perf_counter() - began_s):7.0f} ms")


def _report_imports() -> None:
    """pybreaker looks for redis, and redis is the slow one."""
    for modules in (
        "redis",
        "redis, pybreaker, tenacity",
        "redis, chaos_aura.platform.guards",
        "chaos_aura.platform.guards",
    ):
        script = f"import time; began = time.process_time(); import {modules}; print(time.process_time() - began)"
        times_s = [float(subprocess.check_output([sys.executable, "-c", script])) for _ in range(5)]
        print(f"import {modules:34} {1000 * statistics.median(times_s):5.0f} ms")


if __name__ == "__main__":
    main()
