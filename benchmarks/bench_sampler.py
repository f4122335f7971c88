"""What watching a run costs: the sampler beside a quiet stack, and beside one that allocates."""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from driven_allocations import allocate
from local_stack import placed
from sampling import RunFolder, SamplerProcess, make_run, sampling

from chaos_aura.core.operation import ALLOCATE, RELEASE, Outcome
from chaos_aura.record.history import History
from chaos_aura.stack.running import RunningStack
from probes.sampler.census import TICKS_A_SECOND, take_census

_SECONDS = float(os.environ.get("BENCH_SECONDS", "20"))


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="chaos-aura-bench-") as folder, placed(Path(folder)) as stack:
        stack.up()
        run = make_run(Path(folder) / "run")
        began_s = time.monotonic()
        with sampling(run, stack.project.home) as sampler:
            print(f"sampler ready after {time.monotonic() - began_s:.1f} s")
            _watch(sampler, "quiet", "goal: 2 %, 100 MB", lambda: time.sleep(0.1))
            history = History(run.path / "history-bench.jsonl", "bench")
            _watch(sampler, "allocating", "goal: 10 %, 250 MB", lambda: _cycle(stack.running(), run, history))
            began_s = time.monotonic()
            assert sampler.ask("stores") == "stores"
            print(f"stores read in {time.monotonic() - began_s:.2f} s")


def _watch(sampler: SamplerProcess, what: str, goal: str, meanwhile: Callable[[], None]) -> None:
    before = take_census()
    while time.monotonic() < before.at_s + _SECONDS:
        meanwhile()
    after = take_census()
    used = after.processes[sampler.pid].used - before.processes[sampler.pid].used
    cores = used / TICKS_A_SECOND / (after.at_s - before.at_s)
    print(f"sampler, {what:10}: {cores:.2%} of a core, {after.processes[sampler.pid].rss_mb:.0f} MB ({goal})")


def _cycle(stack: RunningStack, run: RunFolder, history: History) -> None:
    name = f"{run.tag}-{time.monotonic_ns()}"
    for what in (ALLOCATE, RELEASE):
        op = history.invoke(what, "bench", time.monotonic_ns(), {"request_id": name})
        if what == ALLOCATE:
            allocate(stack, run.tag, name)
        history.end(op, Outcome.OK)


if __name__ == "__main__":
    main()
