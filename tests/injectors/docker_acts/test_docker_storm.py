"""More than forty controllers are killed, each at a random moment of hurting a container: nothing is left of it."""

import math
import os
import random
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from awaiting import wait_until
from controlling import controller
from docker_scene import Unseen, difference, look
from docker_victims import WITHIN_S, Victims
from test_docker_acts import with_a_clock
from test_docker_acts_healed import struck

from chaos_aura.faults.ledger import Ledger
from chaos_aura.faults.place import FOLDER
from chaos_aura.faults.reaper.link import ReaperLink

_LEAST_STRIKES = 57
_LASTS_S = "60"
_GONE_WITHIN_S = 3.0
_CLOSED_WITHIN_S = 25
_STEPS = ("prepare", "lease", "inject", "prove", "in_force", "heal", "gone")
_DURING_S = (0.001, 1.5)
_DURING = 0.4  # of all strikes
BLOWS = (
    "kill",
    "kill comes_back=false",
    "stop grace_s=1",
    "stop grace_s=30",
    "restart grace_s=1",
    "pause",
    "crash_loop",
    "cpu_throttle percent=10",
    "memory_limit limit_mb=64",
    "oom_kill",
    "pids_limit limit=20",
    "fd_limit limit=64",
    "file_size_limit limit_kb=1024",
    "disk_full leave_mb=0",
    "clock_skew offset_s=3600",
    "pause_inside process=python3",
    "kill_inside process=python3",
    "partition",
    "partition how=refused",
)


@dataclass(frozen=True)
class Strike:
    """Times count from the controller's death. `left`: what never went away."""

    blow: str
    step: str
    said: str
    gone_s: float
    closed_s: float
    left: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.blow} at {self.step}: {self.gone_s:.2f} s, closed {self.closed_s:.2f} s ({self.said})"


def test_what_a_strike_would_leave_is_seen(made: Callable[..., Victims]) -> None:
    these = made()
    before = look(these)
    these.run_inside("sh", "-c", "echo 1000 > /proc/1/oom_score_adj")
    injector, undo = struck(these, "partition")
    assert sorted(difference(before, look(these))) == ["network", "oom_score_adj"]
    injector.heal(undo)
    these.run_inside("sh", "-c", f"echo {before['oom_score_adj']} > /proc/1/oom_score_adj")
    assert difference(before, look(these)) == {}


@pytest.mark.alone
@pytest.mark.timeout(900)
def test_killed_controllers_leave_nothing_on_containers(
    made: Callable[..., Victims], capsys: pytest.CaptureFixture[str]
) -> None:
    seed = int(os.environ.get("CHAOS_AURA_STORM_SEED", random.SystemRandom().randrange(10**6)))
    chance, clock = random.Random(seed), with_a_clock()
    these = made(**{**clock, "settings": {**clock["settings"], "tmpfs": {"/data": "size=16m"}, "init": False}})
    link, strikes = ReaperLink(these.home), []
    try:
        for number in range(_LEAST_STRIKES):
            link.ready()
            _begin_well(these)
            strikes.append(_strike(these, BLOWS[number % len(BLOWS)], chance))
    finally:
        link.close()
        with capsys.disabled():
            sys.stdout.writelines(f"\n{each}" for each in strikes)
    left = {str(each): each.left for each in strikes if each.left}
    assert not left, f"seed {seed}: {left}"
    assert not [str(each) for each in strikes if each.gone_s > _GONE_WITHIN_S], f"seed {seed}"
    assert not [str(each) for each in strikes if each.said.startswith("failed")], f"seed {seed}"


def _begin_well(these: Victims) -> None:
    """An engine that has restarted a container often waits longer each time, until somebody else starts it."""
    these.engine.api.restart(these.names()[0], timeout=0)
    wait_until(these.is_well, WITHIN_S, "it is well before the next strike")


def _strike(these: Victims, blow: str, chance: random.Random) -> Strike:
    before = look(these)
    kind, *given = blow.split()
    is_during = chance.random() < _DURING
    step = chance.choice(_STEPS)
    words = (kind, "web", _LASTS_S, *given, "injector=docker", "within_s=20")
    with controller(these.home, dict(os.environ), "none" if is_during else step, *words) as one:
        said = one.await_step(step)
        if is_during:
            shortest, longest = map(math.log, _DURING_S)
            time.sleep(math.exp(chance.uniform(shortest, longest)))  # not a wait: the moment is the test
        one.end()
    return _judged(these, before, blow, f"{'during ' if is_during else ''}{step}", said)


def _judged(these: Victims, before: Mapping[str, Any], blow: str, step: str, said: str) -> Strike:
    began_s, ledger = time.monotonic(), Ledger(these.home / FOLDER)
    gone_s: float | None = None
    left: Mapping[str, Any] = {}
    while (now_s := time.monotonic() - began_s) < _CLOSED_WITHIN_S:
        left = _left(these, before)
        gone_s = None if left else now_s if gone_s is None else gone_s
        leases = ledger.open_leases()
        if gone_s is not None and not leases:
            return Strike(blow, step, said, gone_s, now_s, {})
    return Strike(blow, step, said, gone_s or now_s, now_s, left or {"leases": [str(each.why) for each in leases]})


def _left(these: Victims, before: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return difference(before, look(these))
    except Unseen as cause:
        return {"unseen": str(cause)}
