"""How long each fault takes from the call to proven in force, and from the end to proven gone.

The peer is the mechanism alone, in the same run (raw_mechanisms.py). Goals, for each of the two: an edge p99 25 ms, a
process 250 ms, a clock 1,500 ms; for all edges of a service together there is none. BENCH_CYCLES=1000 shows 1,000 of
1,000 on each edge. Ends with 1 when a cycle was not proven, or a goal was missed.
"""

import http.client
import os
import sys
import tempfile
from pathlib import Path

from awaiting import wait_until
from blows import Blow, possible_blows
from driven_allocations import drive
from fault_cycles import MS, Cycles, cycled, seconds_of, shown
from hurting import is_well, process_of
from local_stack import placed
from raw_mechanisms import Raw, raw

from chaos_aura.core.fault import Fault
from chaos_aura.core.lease import Lease
from chaos_aura.faults.engine import Engine
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.limits import Limits
from chaos_aura.faults.reaper.link import ReaperLink
from chaos_aura.faults.registry import Registry
from chaos_aura.stack.running import RunningStack
from chaos_aura.stack.supervisor.backoff import STEADY_S

_EDGE_CYCLES = int(os.environ.get("BENCH_CYCLES", "200"))
_CYCLES = max(5, _EDGE_CYCLES // 20)
_LASTS_S = 60
_WELL_WITHIN_S = 60
_EDGE_MS, _PROCESS_MS, _CLOCK_MS = 25, 250, 1500
# What is done to a machine, to what a store holds or to a flag has no goal in the design.
_GOALS_MS = {
    "kill": _PROCESS_MS,
    "stop": _PROCESS_MS,
    "restart": _PROCESS_MS,
    "pause": _PROCESS_MS,
    "crash_loop": _PROCESS_MS,
    "cpu_throttle": _PROCESS_MS,
    "memory_limit": _PROCESS_MS,
    "fd_limit": _PROCESS_MS,
    "file_size_limit": _PROCESS_MS,
    "clock_skew": _CLOCK_MS,
}


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
            blows, left_out = possible_blows(stack)
            print("medians and p99 in ms; of fewer than 100 cycles the longest instead of p99")
            for each in left_out:
                print(f"left out: {each}")
            are_good = [_bench(engine, stack, blow.on(stack.project.home)) for blow in blows]
            print(f"proven in each cycle, and the goal met: {sum(are_good)} of {len(are_good)}")
            return int(not all(are_good))
        finally:
            engine.heal_mine()
            engine.close()
            link.close()


def _bench(engine: Engine, stack: RunningStack, blow: Blow) -> bool:
    """Whether each cycle was proven in force and proven gone, and the goal met."""
    wanted = _EDGE_CYCLES if blow.is_network else _CYCLES
    after = (lambda: None) if blow.is_network else (lambda: _await_well(stack, blow))
    cycles = cycled(engine, wanted, lambda: _injected(engine, blow), after=after)
    goal, is_met = _judged(blow, cycles)
    fault = engine.fault(blow.kind, blow.target, blow.parameters, _LASTS_S)
    cycles.tell(str(blow), goal, _alone(stack, fault, blow, wanted))
    return is_met and not cycles.failed


def _injected(engine: Engine, blow: Blow) -> Lease:
    return engine.inject(engine.fault(blow.kind, blow.target, blow.parameters, _LASTS_S), blow.injector)


def _judged(blow: Blow, cycles: Cycles) -> tuple[str, bool]:
    goal_ms = (_EDGE_MS if "." in blow.target else None) if blow.is_network else _GOALS_MS.get(blow.kind)
    if goal_ms is None:
        return "no goal", True
    is_met = cycles.are_within(goal_ms / MS)
    return f"goal {goal_ms}: {'met' if is_met else 'missed'}", is_met


def _alone(stack: RunningStack, fault: Fault, blow: Blow, cycles: int) -> str:
    """One that Toxiproxy never answers ends that Toxiproxy: the injector would have to do the same."""
    try:
        with raw(stack, fault, blow.injector) as mechanism:
            if mechanism is None:
                return ""
            shown = _timed(mechanism, cycles)
    except (OSError, http.client.HTTPException) as cause:
        stack.supervisor.restart("toxiproxy", 0.0)
        shown = f"alone: {type(cause).__name__}: {cause}"
    _await_well(stack, blow)
    return shown


def _timed(mechanism: Raw, cycles: int) -> str:
    done, undone = [], []
    for _ in range(cycles):
        done.append(seconds_of(mechanism.do))
        if mechanism.undo:
            undone.append(seconds_of(mechanism.undo))
    return f"alone {shown(done)}  {shown(undone)}"


def _await_well(stack: RunningStack, blow: Blow) -> None:
    """After a kill until its end counts as the first again: the supervisor's back-off is no time of the fault."""
    wait_until(lambda: is_well(stack), _WELL_WITHIN_S, f"all is well again after {blow}")
    if blow.kind == "kill":
        process = process_of(stack, blow.target)
        wait_until(lambda: process.uptime_s() > STEADY_S + 1, 2 * STEADY_S, f"{blow.target} runs steadily")


if __name__ == "__main__":
    sys.exit(main())
