"""What a storm strikes with: every kind of fault, most of them in more than one form."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from grounds import ground_of

from chaos_aura.core.errors import FaultImpossible
from chaos_aura.core.fault import Fault
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.registry import Registry
from chaos_aura.stack.running import RunningStack
from injectors.toxiproxy import ToxiproxyInjector

LASTS_S = 60
_MB = 1 << 20
_FREE_BUT_A_LITTLE = "what is free, but so much"
_A_LITTLE_MB = 1024  # others that write there meanwhile, a start-up cache for one, must not have filled it already
_NO_SKIPS = "CHAOS_AURA_NO_SKIPS"


@dataclass(frozen=True)
class Blow:
    """What a controller is told to inject."""

    kind: str
    target: str
    parameters: Mapping[str, object] = field(default_factory=dict)
    injector: str = ""

    @property
    def is_network(self) -> bool:
        return self.kind in ToxiproxyInjector.kinds

    def on(self, home: Path) -> "Blow":
        """The same, for a stack there: how full its disk is differs from machine to machine."""
        now = os.statvfs(home)
        free_mb = (now.f_bfree if os.geteuid() == 0 else now.f_bavail) * now.f_frsize // _MB
        meant = {_FREE_BUT_A_LITTLE: free_mb - min(_A_LITTLE_MB, free_mb // 2)}
        return replace(self, parameters={key: meant.get(str(value), value) for key, value in self.parameters.items()})

    def words(self) -> list[str]:
        chosen = [f"injector={self.injector}"] if self.injector else []
        return [
            self.kind,
            self.target,
            str(LASTS_S),
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
    Blow("disk_full", "redis", {"size_mb": 4096, "leave_mb": _FREE_BUT_A_LITTLE}),
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


def possible_blows(stack: RunningStack) -> tuple[list[Blow], list[str]]:
    """Those that this machine can do, and why it cannot do the others. Where nothing may be skipped, all are tried."""
    if os.environ.get(_NO_SKIPS) == "yes":
        return list(BLOWS), []
    ground = ground_of(stack)
    registry = Registry.installed(ground)
    whys = [_why_not(blow.on(ground.home), ground, registry) for blow in BLOWS]
    told = [f"{blow}: {why}" for blow, why in zip(BLOWS, whys, strict=True) if why]
    return [blow for blow, why in zip(BLOWS, whys, strict=True) if not why], told


def _why_not(blow: Blow, ground: Ground, registry: Registry) -> str:
    """Empty when it can be done."""
    fault = Fault(blow.kind, blow.target, registry.kind(blow.kind).read(blow.parameters), LASTS_S)
    try:
        registry.choose(fault, ground.catalogue.target(blow.target), blow.injector)
    except FaultImpossible as cause:
        return str(cause)
    return ""
