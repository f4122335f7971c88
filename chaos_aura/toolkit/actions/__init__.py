"""The verbs of experiments, each a Chaos Toolkit action. The engine picks the injector; `injector` forces one.

With a `duration` (seconds) an action returns when its fault has been in force for that long and is proven gone; it may
run in the background meanwhile. Without one it returns as soon as the fault is proven in force, which then ends with
`heal` or `heal_all`, with the process, or after `default_s` of chaos-aura.toml, whichever comes first.

What comes back: {"lease", "kind", "target", "parameters", "lasts_s", "injector", "in_force"}, and when it is over also
"held_s", "ended_by", "repaired" and "gone". `in_force` and `gone` tell what was seen. Whatever goes wrong fails the
activity with one line, and so does a fault that somebody else than this run ends before its time.
"""

from chaos_aura.toolkit.actions.any_kind import heal, heal_all, inject
from chaos_aura.toolkit.actions.data import corrupt_cache, evict_cache, poison_event, tamper_decision
from chaos_aura.toolkit.actions.flags import fail_agent, set_flag, slow_agent
from chaos_aura.toolkit.actions.load import drive_allocations, stop_load
from chaos_aura.toolkit.actions.network import (
    blackhole,
    dns_failure,
    latency,
    limit_data,
    packet_loss,
    partition,
    reset,
    slice,
    slow_close,
    throttle,
)
from chaos_aura.toolkit.actions.process import crash_loop, kill, pause, restart, stop
from chaos_aura.toolkit.actions.resources import (
    clock_skew,
    connection_flood,
    cpu_burn,
    cpu_throttle,
    disk_full,
    fd_limit,
    file_size_limit,
    memory_fill,
    memory_limit,
    oom_kill,
    pids_limit,
    process_churn,
)

__all__ = [
    "blackhole",
    "clock_skew",
    "connection_flood",
    "corrupt_cache",
    "cpu_burn",
    "cpu_throttle",
    "crash_loop",
    "disk_full",
    "dns_failure",
    "drive_allocations",
    "evict_cache",
    "fail_agent",
    "fd_limit",
    "file_size_limit",
    "heal",
    "heal_all",
    "inject",
    "kill",
    "latency",
    "limit_data",
    "memory_fill",
    "memory_limit",
    "oom_kill",
    "packet_loss",
    "partition",
    "pause",
    "pids_limit",
    "poison_event",
    "process_churn",
    "reset",
    "restart",
    "set_flag",
    "slice",
    "slow_agent",
    "slow_close",
    "stop",
    "stop_load",
    "tamper_decision",
    "throttle",
]
