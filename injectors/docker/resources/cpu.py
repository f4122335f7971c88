"""cpu_throttle: a container may run for a part of each period only."""

from dataclasses import dataclass
from typing import ClassVar

from chaos_aura.containers.container import Container
from chaos_aura.core.fault import Fault
from injectors.docker.kernel import Controls, Kernel
from injectors.docker.resources.updated import Change, Reading, refuse_no_less

_PERIOD_US = 100_000
_NANO_PER_PERCENT = 10_000_000
_QUOTA = Controls("cpu", "cpu.cfs_quota_us", "cpu.max")
_PERIOD = Controls("cpu", "cpu.cfs_period_us", "cpu.max")
_STATISTICS = Controls("cpu", "cpu.stat", "cpu.stat")
_NONE = ("max", "-1")
_WHOLE = 100


@dataclass(frozen=True)
class Cpu:
    """Limits are in percent of one processor. An engine knows two ways to write one, and takes only that in use."""

    kernel: Kernel
    name: ClassVar[str] = "processor time"
    parameter: ClassVar[str] = "percent"
    hurts_target: ClassVar[bool] = False

    def change(self, fault: Fault, now: Container) -> Change:
        percent, config = int(fault.number("percent")), now.host_config
        nano, quota_us = int(config.get("NanoCpus") or 0), int(config.get("CpuQuota") or 0)
        period_us = int(config.get("CpuPeriod") or 0) or _PERIOD_US
        if nano:
            present = nano / _NANO_PER_PERCENT
            new, former = {"NanoCpus": percent * _NANO_PER_PERCENT}, {"NanoCpus": nano}
            options = f"--cpus {nano / _NANO_PER_PERCENT / _WHOLE:g}"
        else:
            present = quota_us / period_us * _WHOLE if quota_us > 0 else float("inf")
            new, former = {"CpuQuota": period_us * percent // _WHOLE}, {"CpuQuota": quota_us if quota_us > 0 else -1}
            options = f"--cpu-quota {former['CpuQuota']}"
        if present <= percent:
            raise refuse_no_less(now, self.name, f"{present:g} %")
        return Change(new, [former], percent, options)

    def read(self, now: Container) -> Reading:
        quota = self.kernel.words(now, _QUOTA)
        period_us = int(quota[1] if len(quota) > 1 else self.kernel.words(now, _PERIOD)[0])
        limit = None if quota[0] in _NONE else round(int(quota[0]) * _WHOLE / period_us)
        held_back = self.kernel.figures(now, _STATISTICS).get("nr_throttled", 0)
        return Reading(limit, f"held back {held_back} times", {"percent": limit, "held_back": held_back})

    def shown(self, limit: int | None) -> str:
        return "unlimited" if limit is None else f"{limit} %"
