"""Controllers are killed that hurt a container, each way while it is in force, while it begins, and at random."""

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
from test_docker_acts import KNOWN, with_a_clock
from test_docker_acts_healed import struck

from chaos_aura.faults.ledger import Ledger
from chaos_aura.faults.place import FOLDER
from chaos_aura.faults.reaper.link import ReaperLink

_LASTS_S = "60"
_GONE_WITHIN_S = 3.0
_CLOSED_WITHIN_S = 25
_UNSEEN = "unseen"
_STEPS = ("prepare", "lease", "inject", "prove", "in_force", "heal", "gone")
_DURING_S = (0.001, 1.5)
_DURING = 0.4  # of the strikes at random
_TURNS = 3
_LEAST_ALIVE = 40
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
    "packet_loss percent=50",
    "throttle rate_kbps=100 direction=to_service",
    "dns_failure",
)


@dataclass(frozen=True)
class Moment:
    """In which a controller is killed: halted before a step, or a while after it has begun with it."""

    step: str
    is_during: bool

    def __str__(self) -> str:
        return f"{'during' if self.is_during else 'at'} {self.step}"


_IN_FORCE, _BEGINNING = Moment("in_force", is_during=False), Moment("inject", is_during=True)


@dataclass(frozen=True)
class Killed:
    """`was_alive`: not at its end by itself. `shown`: what was seen of a fault that was in force."""

    said: str
    was_alive: bool
    shown: Mapping[str, Any]


@dataclass(frozen=True)
class Strike:
    """Times count from the controller's death. `left`: what never went away."""

    blow: str
    moment: Moment
    killed: Killed
    gone_s: float
    closed_s: float
    left: Mapping[str, Any]

    @property
    def hit_nothing(self) -> bool:
        """What lasts was proven in force, and nobody else sees any of it."""
        return self.moment == _IN_FORCE and _lasts(self.blow) and not self.killed.shown

    def __str__(self) -> str:
        times = f"{self.gone_s:.2f} s, closed {self.closed_s:.2f} s"
        told = f"{self.killed.said}{'' if self.killed.was_alive else ', and had ended'}"
        return f"{self.blow} {self.moment}: {times} ({told}; shown: {', '.join(self.killed.shown)})"


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
    _begin_well(these)
    first = look(these)
    try:
        for turn in range(_TURNS):
            for blow in BLOWS:
                link.ready()
                _begin_well(these)
                strikes.append(_strike(these, first, blow, _moment(turn, chance), chance))
        _begin_well(these)
    finally:
        link.close()
        with capsys.disabled():
            sys.stdout.writelines(f"\n{each}" for each in strikes)
    left = {str(each): each.left for each in strikes if each.left}
    assert not left, f"seed {seed}: {left}"
    assert difference(first, look(these)) == {}, f"seed {seed}"
    assert not [str(each) for each in strikes if each.gone_s > _GONE_WITHIN_S], f"seed {seed}"
    assert not [str(each) for each in strikes if each.killed.said.startswith("failed")], f"seed {seed}"
    assert not [str(each) for each in strikes if each.hit_nothing], f"seed {seed}"
    assert sum(each.killed.was_alive for each in strikes) >= _LEAST_ALIVE, f"seed {seed}"


def _begin_well(these: Victims) -> None:
    """An engine that has restarted a container often waits longer each time, until somebody else starts it."""
    these.engine.api.restart(these.names()[0], timeout=0)
    wait_until(these.is_well, WITHIN_S, "it is well before the next strike")


def _moment(turn: int, chance: random.Random) -> Moment:
    """Each way to hurt is struck while it is in force, and while it begins; then at random."""
    return (_IN_FORCE, _BEGINNING, Moment(chance.choice(_STEPS), chance.random() < _DURING))[turn]


def _lasts(blow: str) -> bool:
    kind, *given = blow.split()
    known = KNOWN[kind]
    return not known.is_momentary(known.read(dict(each.split("=") for each in given)))


def _strike(these: Victims, first: Mapping[str, Any], blow: str, moment: Moment, chance: random.Random) -> Strike:
    kind, *given = blow.split()
    words = (kind, "web", _LASTS_S, *given, "injector=docker", "within_s=20")
    with controller(these.home, dict(os.environ), "none" if moment.is_during else moment.step, *words) as one:
        said = one.await_step(moment.step)
        shown = _shown(these, first) if moment == _IN_FORCE and _lasts(blow) else {}
        if moment.is_during:
            shortest, longest = map(math.log, _DURING_S)
            time.sleep(math.exp(chance.uniform(shortest, longest)))  # not a wait: the moment is the test
        killed = Killed(said, one.process.poll() is None, shown)
        one.end()
    return _judged(these, first, blow, moment, killed)


def _shown(these: Victims, first: Mapping[str, Any]) -> Mapping[str, Any]:
    """One that ends again and again cannot always be looked at."""

    def seen() -> list[Mapping[str, Any]]:
        now = _left(these, first)
        return [] if _UNSEEN in now else [now]

    return wait_until(seen, WITHIN_S, "it can be looked at")[0]


def _judged(these: Victims, first: Mapping[str, Any], blow: str, moment: Moment, killed: Killed) -> Strike:
    began_s, ledger = time.monotonic(), Ledger(these.home / FOLDER)
    gone_s: float | None = None
    left: Mapping[str, Any] = {}
    while (now_s := time.monotonic() - began_s) < _CLOSED_WITHIN_S:
        left = _left(these, first)
        gone_s = None if left else now_s if gone_s is None else gone_s
        leases = ledger.open_leases()
        if gone_s is not None and not leases:
            return Strike(blow, moment, killed, gone_s, now_s, {})
    left = left or {"leases": [str(each.why) for each in leases]}
    return Strike(blow, moment, killed, gone_s or now_s, now_s, left)


def _left(these: Victims, first: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return difference(first, look(these))
    except Unseen as cause:
        return {_UNSEEN: str(cause)}
