"""How long each fault on a container takes from the call to proven in force, and from the end to proven gone.

The peer is the order alone, to the same engine in the same run, without a lease, a proof or a reaper. Goal for each of
the two: 2 s at most. Needs a Docker engine of this machine, root, and BASE_IMAGE or what makes one. BENCH_CYCLES=50
does more of each. Ends with 1 when a cycle was not proven, or the goal was missed.
"""

import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from awaiting import wait_until
from docker_engine import base_image_of, new_mark, reached, remove_marked
from docker_victims import WITHIN_S, Victims, victims
from fault_cycles import MS, cycled, seconds_of, shown
from test_docker_acts import CASES, with_a_clock

from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.lease import Lease
from chaos_aura.faults.engine import Engine
from chaos_aura.faults.limits import Limits
from chaos_aura.faults.reaper.link import ReaperLink
from chaos_aura.faults.registry import Registry

_CYCLES = int(os.environ.get("BENCH_CYCLES", "20"))
_GOAL_S, _LASTS_S = 2.0, 60
_IN_ITS_NETWORK: dict[str, tuple[str, dict[str, object]]] = {
    "partition": ("partition", {}),
    "packet loss": ("packet_loss", {"percent": 50}),
    "slow": ("throttle", {"rate_kbps": 100}),
    "no names": ("dns_failure", {}),
}
_BLOWS = {name: blow for name, blow in {**CASES, **_IN_ITS_NETWORK}.items() if "which" not in blow[1]}
_WELL_AGAIN = frozenset({"kill", "oom_kill", "restart", "crash_loop", "stop", "kill_inside"})
_MUCH = {"Memory": 1 << 50, "MemorySwap": 2 << 50}  # an engine takes no limit away
_DROP = "iptables -w {} INPUT -m comment --comment bench -j DROP"
_LOSE = "iptables -w {} INPUT -m statistic --mode random --probability 0.5 -j DROP"
_NO_NAMES = "iptables -w {} OUTPUT -p udp --dport 53 -j REJECT"
_SLOW = "tc qdisc {} dev eth0 root tbf rate 800kbit burst 4096 limit 65536"


@dataclass(frozen=True)
class Raw:
    """`undo` is None for what its restart policy takes back."""

    do: Callable[[], object]
    undo: Callable[[], object] | None = None


def main() -> int:
    with (
        reached(dict(os.environ)) as docker,
        tempfile.TemporaryDirectory() as folder,
        victims(docker, base_image_of(dict(os.environ)), new_mark(), Path(folder), **_settings()) as these,
    ):
        link = ReaperLink(these.home)
        engine = Engine(these.ground, Registry.installed(these.ground), link, limits=Limits())
        try:
            link.ready()
            print(f"medians and longest (of 100 and more: p99) in ms; {_CYCLES} cycles; goal {_GOAL_S * MS:g}")
            are_good = [_bench(engine, these, name) for name in _BLOWS]
            print(f"proven in each cycle, and the goal met: {sum(are_good)} of {len(are_good)}")
            return int(not all(are_good))
        finally:
            engine.heal_mine()
            engine.close()
            link.close()
            remove_marked(docker, these.mark)


def _settings() -> dict[str, object]:
    """Whatever one of the faults needs."""
    clock = with_a_clock()
    settings = {**clock["settings"], "tmpfs": {"/data": "size=16m"}}
    return {**clock, "settings": settings, "words": ("with-child",)}


def _bench(engine: Engine, these: Victims, name: str) -> bool:
    """Whether each cycle was proven in force and proven gone, and the goal met."""
    kind, parameters = _BLOWS[name]
    cycles = cycled(
        engine, _CYCLES, lambda: _injected(engine, kind, parameters), before=lambda: _begin_well(these, kind)
    )
    is_met = cycles.are_within(_GOAL_S)
    cycles.tell(name, f"goal {'met' if is_met else 'MISSED'}", _alone(these, name))
    return is_met and not cycles.failed


def _injected(engine: Engine, kind: str, parameters: dict[str, object]) -> Lease:
    return engine.inject(engine.fault(kind, "web", parameters, _LASTS_S), "docker")


def _begin_well(these: Victims, kind: str) -> None:
    """An engine that has restarted a container often waits longer each time, until somebody else starts it."""
    if kind in _WELL_AGAIN:
        for name in these.names():
            these.engine.api.restart(name, timeout=0)
    these.await_well()


def _alone(these: Victims, name: str) -> str:
    made = _RAWS.get(name)
    if made is None:
        return ""
    kind, _ = _BLOWS[name]
    done, undone = [], []
    for _ in range(_CYCLES):
        _begin_well(these, kind)
        raw = made(these)
        done.append(seconds_of(raw.do))
        if raw.undo:
            undone.append(seconds_of(raw.undo))
    return f"alone {shown(done)}  {shown(undone)}"


def _killed(these: Victims) -> Raw:
    process = these.now().process
    assert process

    def kill() -> None:
        os.kill(process.pid, signal.SIGKILL)
        wait_until(lambda: not process.is_alive(), WITHIN_S, "it is dead")

    return Raw(kill)


def _stopped(these: Victims) -> Raw:
    api, name = these.engine.api, these.names()[0]
    return Raw(lambda: api.stop(name, timeout=1), lambda: api.start(name))


def _restarted(these: Victims) -> Raw:
    return Raw(lambda: these.engine.api.restart(these.names()[0], timeout=1))


def _paused(these: Victims) -> Raw:
    api, name = these.engine.api, these.names()[0]
    return Raw(lambda: api.pause(name), lambda: api.unpause(name))


def _updated(hurt: dict[str, int], well: dict[str, int]) -> Callable[[Victims], Raw]:
    def updated(these: Victims) -> Raw:
        path = f"containers/{these.names()[0]}/update"
        return Raw(lambda: these.engine.order(path, hurt), lambda: these.engine.order(path, well))

    return updated


def _limited(which: int, limit: int) -> Callable[[Victims], Raw]:
    def limited(these: Victims) -> Raw:
        pid = these.now().pid
        former = resource.prlimit(pid, which)
        hurt = (limit, former[1])
        return Raw(lambda: resource.prlimit(pid, which, hurt), lambda: resource.prlimit(pid, which, former))

    return limited


def _in_network(command: str, do: str, undo: str) -> Callable[[Victims], Raw]:
    def in_network(these: Victims) -> Raw:
        argv = ["nsenter", "-t", str(these.now().pid), "-n"]

        def run(word: str) -> None:
            subprocess.run([*argv, *command.format(word).split()], check=True, capture_output=True)

        return Raw(lambda: run(do), lambda: run(undo))

    return in_network


_RAWS: dict[str, Callable[[Victims], Raw]] = {
    "kill": _killed,
    "stop": _stopped,
    "restart": _restarted,
    "pause": _paused,
    "cpu": _updated({"CpuQuota": 10_000, "CpuPeriod": 100_000}, {"CpuQuota": -1}),
    "memory": _updated({"Memory": 64 << 20, "MemorySwap": 64 << 20}, _MUCH),
    "pids": _updated({"PidsLimit": 8}, {"PidsLimit": -1}),
    "open files": _limited(resource.RLIMIT_NOFILE, 64),
    "size of files": _limited(resource.RLIMIT_FSIZE, 1 << 20),
    "partition": _in_network(_DROP, "-I", "-D"),
    "packet loss": _in_network(_LOSE, "-I", "-D"),
    "slow": _in_network(_SLOW, "add", "del"),
    "no names": _in_network(_NO_NAMES, "-I", "-D"),
}


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ChaosAuraError as cause:  # no engine, no base image
        sys.exit(f"bench_containers: {cause}")
