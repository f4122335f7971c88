"""Controllers killed at random moments, over all kinds of fault, on a living stack, and what their faults leave."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from awaiting import wait_until
from controlling import Controller, controller
from hurting import is_stopped, process_of
from local_stack import chaos_aura
from own_connections import has_sent_what_nobody_read
from scene import Unseen, difference, look

from chaos_aura.core.signature import signer
from chaos_aura.faults.ledger import Ledger
from chaos_aura.faults.place import FOLDER, REAPER_LOCK
from chaos_aura.faults.reaper.link import ReaperLink
from chaos_aura.stack.running import RunningStack

_STEPS = ("prepare", "lease", "inject", "prove", "in_force", "heal")
_LASTS_S = "60"
_UNPROVEN = "could not be proven"
_MB = 1 << 20
_DURING_S = 0.03  # so long after a step has begun the controller is killed in the middle of it
_HANGS_S = 1.0
_STOPPED_WITHIN_S = 5
_SENT_WITHIN_S = 10
_NTH_MEETS_A_HANGING_PROXY = 3  # of the blows against edges
_FREE_BUT_A_LITTLE = "what is free, but so much"
_A_LITTLE_MB = 64


@dataclass(frozen=True)
class Blow:
    """What a controller is told to inject."""

    kind: str
    target: str
    parameters: Mapping[str, object] = field(default_factory=dict)
    injector: str = ""

    @property
    def is_network(self) -> bool:
        return "." in self.target

    def on(self, home: Path) -> "Blow":
        """The same, for a stack there: how full its disk is differs from machine to machine."""
        now = os.statvfs(home)
        free = (now.f_bfree if os.geteuid() == 0 else now.f_bavail) * now.f_frsize
        meant = {_FREE_BUT_A_LITTLE: free // _MB - _A_LITTLE_MB}
        return replace(self, parameters={key: meant.get(str(value), value) for key, value in self.parameters.items()})

    def words(self) -> list[str]:
        chosen = [f"injector={self.injector}"] if self.injector else []
        return [
            self.kind,
            self.target,
            _LASTS_S,
            *(f"{key}={value}" for key, value in self.parameters.items()),
            *chosen,
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.target}" + (f" by {self.injector}" if self.injector else "")


BLOWS = (
    Blow("latency", "worker.redis", {"latency_ms": 80, "jitter_ms": 10}),
    Blow("latency", "worker.neo4j", {"latency_ms": 300, "direction": "to_service"}),
    Blow("latency", "redis", {"latency_ms": 50}),
    Blow("throttle", "api.kafka", {"rate_kbps": 5}),
    Blow("partition", "worker.kafka"),
    Blow("partition", "api.redis", {"direction": "to_service"}),
    Blow("partition", "worker.temporal", {"how": "refused"}),
    Blow("blackhole", "projection.redis"),
    Blow("reset", "api.neo4j"),
    Blow("slow_close", "worker.redis"),
    Blow("slice", "load.api"),
    Blow("limit_data", "projection.kafka", {"limit_bytes": 10}),
    Blow("kill", "redis"),
    Blow("kill", "projection", {"comes_back": "false"}),
    Blow("stop", "redis", {"grace_s": 1}),
    Blow("restart", "redis", {"grace_s": 1}),
    Blow("pause", "redis"),
    Blow("pause", "kafka"),
    Blow("pause", "worker"),
    Blow("crash_loop", "projection"),
    Blow("cpu_throttle", "neo4j", {"percent": 50}),
    Blow("cpu_throttle", "redis", {"percent": 50}, "duty-cycle"),
    Blow("memory_limit", "redis", {"limit_mb": 200}, "redis-maxmemory"),
    Blow("memory_limit", "kafka", {"limit_mb": 3000}, "cgroup"),
    Blow("fd_limit", "kafka", {"limit": 1000}),
    Blow("file_size_limit", "worker", {"limit_kb": 100_000}),
    Blow("cpu_burn", "redis", {"cores": 1, "percent": 20}),
    Blow("memory_fill", "redis", {"size_mb": 32}),
    Blow("disk_full", "redis", {"size_mb": 512, "leave_mb": _FREE_BUT_A_LITTLE}),
    Blow("connection_flood", "redis", {"connections": 30}),
    Blow("process_churn", "redis", {"rate_per_s": 30}),
    Blow("clock_skew", "kafka", {"offset_s": 100}),
    Blow("clock_skew", "worker", {"offset_s": 100}),
    Blow("clock_skew", "redis", {"offset_s": -100}),
    Blow("corrupt_cache", "redis"),
    Blow("evict_cache", "redis"),
    Blow("tamper_decision", "neo4j"),
    Blow("poison_event", "kafka", {"how": "duplicate"}),
    Blow("fail_agent", "worker", {"agent": "lnn_cost_optimizer"}),
    Blow("slow_agent", "worker", {"agent": "lnn_cost_optimizer", "delay_s": 1}),
    Blow("set_flag", "api", {"flag": "retries", "value": "off"}),
)


@dataclass(frozen=True)
class Strike:
    """One controller's end. Both times count from when it could be healed.

    `gone_s`: until a look showed nothing of it, and none after that did; `closed_s`: until its lease was healed, too.
    """

    blow: Blow
    step: str
    how: str
    said: str
    gone_s: float
    closed_s: float
    left: Mapping[str, Any]

    @property
    def was_refused(self) -> bool:
        """Nothing was tried: it could not be done, or whom it should strike was not well after the strike before."""
        return self.said.startswith("failed") and _UNPROVEN not in self.said

    @property
    def was_injected(self) -> bool:
        """The controller was killed after it had asked for its fault."""
        return self.step in ("prove", "in_force", "heal") and not self.said.startswith("failed")

    def __str__(self) -> str:
        return f"{self.blow}, {self.how} {self.step}"


class Storm:
    """The seed decides what is struck, when and how; the machine decides what is just going on then."""

    def __init__(self, stack: RunningStack, seed: int, gone_within_s: float) -> None:
        self._stack = stack
        self._random = random.Random(seed)
        self._gone_within_s = gone_within_s
        self._network_blows = 0
        self._ledger = Ledger(stack.project.home / FOLDER)
        self._link = ReaperLink(stack.project.home)
        self._before = look(stack)

    def close(self) -> None:
        self._link.close()

    def strike(self, number: int) -> Strike:
        """Kinds in turn, so that none is spared."""
        self._link.ready()
        blow = BLOWS[number % len(BLOWS)].on(self._stack.project.home)
        step = self._random.choice(_STEPS)
        how = self._random.choice(("at", "at", "during", "during", "with its reaper at"))
        self._network_blows += blow.is_network
        if blow.is_network and self._network_blows % _NTH_MEETS_A_HANGING_PROXY == 0:
            return self._judged(blow, "inject", "with a hanging Toxiproxy at", *self._with_hanging_proxy(blow))
        if how == "during":
            return self._judged(blow, step, how, *self._killed_during(blow, step))
        return self._judged(blow, step, how, *self._killed_at(blow, step, with_reaper=how != "at"))

    def _killed_at(self, blow: Blow, step: str, *, with_reaper: bool) -> tuple[str, float]:
        with self._controller(blow, step) as one:
            said = one.await_step(step)
            if with_reaper:
                self._kill_reaper(one)
            one.process.kill()
            one.process.wait()
        if with_reaper:
            self._run_any_command()
        return said, time.monotonic()

    def _killed_during(self, blow: Blow, step: str) -> tuple[str, float]:
        with self._controller(blow, "none") as one:
            said = one.await_step(step)
            time.sleep(self._random.uniform(0, _DURING_S))  # not a wait: the moment is the test
            one.process.kill()
            one.process.wait()
        return said, time.monotonic()

    def _with_hanging_proxy(self, blow: Blow) -> tuple[str, float]:
        """Its request is sent and not answered when it dies; it takes effect when Toxiproxy goes on."""
        toxiproxy = process_of(self._stack, "toxiproxy")
        with self._controller(blow, "inject") as one:
            said = one.await_step("inject")
            os.kill(toxiproxy.pid, signal.SIGSTOP)
            try:
                wait_until(lambda: is_stopped(toxiproxy), _STOPPED_WITHIN_S, "Toxiproxy is stopped")
                one.go_on()
                pid = one.process.pid
                wait_until(lambda: has_sent_what_nobody_read(pid), _SENT_WITHIN_S, "the request is sent")
                one.process.kill()
                one.process.wait()
                time.sleep(self._random.uniform(0, _HANGS_S))  # how long it hangs is the test
            finally:
                os.kill(toxiproxy.pid, signal.SIGCONT)
        return said, time.monotonic()

    def _kill_reaper(self, one: Controller) -> None:
        """The controller is stopped first: alive, it would only start another."""
        os.kill(one.process.pid, signal.SIGSTOP)
        if reaper := signer(self._stack.project.home / FOLDER / REAPER_LOCK):
            os.kill(reaper.pid, signal.SIGKILL)
            wait_until(lambda: not reaper.is_alive(), _STOPPED_WITHIN_S, "the reaper is dead")

    def _run_any_command(self) -> None:
        """One that has nothing to do with faults: it mends what nobody watches over any more."""
        words = chaos_aura("address", "redis")
        subprocess.run(words, cwd=self._stack.project.root, env=self._environ(), check=True, capture_output=True)

    def _judged(self, blow: Blow, step: str, how: str, said: str, free_s: float) -> Strike:
        gone_s, left = None, self._mechanisms()
        while time.monotonic() < free_s + self._gone_within_s:
            now_s = time.monotonic() - free_s
            gone_s = None if left else now_s if gone_s is None else gone_s
            leases = self._leases()
            if gone_s is not None and not leases:
                return Strike(blow, step, how, said, gone_s, now_s, {})
            left = self._mechanisms()
        took_s = time.monotonic() - free_s
        return Strike(blow, step, how, said, gone_s or took_s, took_s, left or {"leases": self._leases()})

    def _mechanisms(self) -> Mapping[str, Any]:
        try:
            return difference(self._before, look(self._stack))
        except Unseen as cause:
            return {"unseen": str(cause)}

    def _leases(self) -> list[str]:
        return [f"{lease.fault} {lease.state}: {lease.why}" for lease in self._ledger.open_leases()]

    def _controller(self, blow: Blow, halt: str) -> Any:
        return controller(self._stack.project.home, self._environ(), halt, *blow.words())

    def _environ(self) -> dict[str, str]:
        return {key: value for key, value in os.environ.items() if key != "CHAOS_AURA_PROJECT"}
