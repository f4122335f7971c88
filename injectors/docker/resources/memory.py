"""memory_limit: a container may have less memory, and no swap beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from chaos_aura.containers.container import Container
from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.fault import Fault
from injectors.docker.kernel import Controls, Kernel
from injectors.docker.resources.updated import Change, Reading, Setting, refuse_no_less

MB = 1 << 20
LIMIT = Controls("memory", "memory.limit_in_bytes", "memory.max")
STATISTICS = Controls("memory", "memory.stat", "memory.stat")
_LEAST_MB = 6  # an engine takes no less
_LEAST_MORE_BYTES = 8 * MB  # below that it would be killed by its next few page faults
# An engine cannot take a limit away again (-1 is "below 6 MB" to it): more than any machine has is none.
_UNLIMITED = 1 << 50
_OWNED = (("total_rss", "total_shmem"), ("anon", "shmem"))


@dataclass(frozen=True)
class Memory:
    kernel: Kernel
    name: ClassVar[str] = "memory"
    parameter: ClassVar[str] = "limit_mb"

    def change(self, fault: Fault, now: Container) -> Change:
        limit_mb = int(fault.number("limit_mb"))
        limit, present = limit_mb * MB, int(now.host_config.get("Memory") or 0)
        if limit_mb < _LEAST_MB:
            why = f"no engine lets a container have less than {_LEAST_MB} MB"
            raise TargetUnfit(now.name, why, f"ask for {_LEAST_MB} MB or more, or use oom_kill")
        if present and present <= limit:
            raise refuse_no_less(now, self.name, self.shown(present))
        owned = owned_bytes(self.kernel, now)
        if limit - owned < _LEAST_MORE_BYTES:
            least_mb = -(-(owned + _LEAST_MORE_BYTES) // MB)
            why = f"uses {self.shown(owned)}: with {limit_mb} MB the kernel would refuse, or kill it at once"
            raise TargetUnfit(now.name, why, f"ask for {least_mb} MB or more, or use oom_kill")
        return Change(limited_to(limit), former_of(now), limit, _options(now))

    def read(self, now: Container) -> Reading:
        limit = self.kernel.number(now, LIMIT)
        limit = None if limit is None or limit >= _UNLIMITED else limit
        owned = owned_bytes(self.kernel, now)
        return Reading(limit, f"{self.shown(owned)} of it used", {"limit_bytes": limit, "owned_bytes": owned})

    def shown(self, limit: int | None) -> str:
        return "unlimited" if limit is None else f"{limit / MB:.0f} MB"


def limited_to(limit: int) -> Setting:
    """Swapped out is not given back: both together are limited."""
    return {"Memory": limit, "MemorySwap": limit}


def former_of(now: Container) -> Sequence[Setting]:
    """The kernel takes "as much swap as you like" in a step of its own only."""
    memory, both = _present(now.host_config)
    if not memory:
        return [{"Memory": _UNLIMITED, "MemorySwap": 2 * _UNLIMITED}]
    if both < 0:
        return [{"Memory": memory, "MemorySwap": 2 * _UNLIMITED}, {"MemorySwap": -1}]
    return [{"Memory": memory, "MemorySwap": both or 2 * memory}]


def owned_bytes(kernel: Kernel, now: Container) -> int:
    """What the kernel cannot take back. Pages of files are not among it."""
    figures = kernel.figures(now, STATISTICS)
    return max(sum(figures.get(name, 0) for name in names) for names in _OWNED)


def _options(now: Container) -> str:
    first = former_of(now)[0]
    return f"--memory {first['Memory']} --memory-swap {first['MemorySwap']}"


def _present(config: Mapping[str, Any]) -> tuple[int, int]:
    return int(config.get("Memory") or 0), int(config.get("MemorySwap") or 0)
