"""pids_limit: a container may have no more processes and threads than this. What it has already, it keeps."""

from dataclasses import dataclass
from typing import ClassVar

from chaos_aura.containers.container import Container
from chaos_aura.core.fault import Fault
from injectors.docker.kernel import Controls, Kernel
from injectors.docker.resources.updated import Change, Reading, refuse_no_less

_MOST = Controls("pids", "pids.max", "pids.max")
_NOW = Controls("pids", "pids.current", "pids.current")


@dataclass(frozen=True)
class Pids:
    kernel: Kernel
    name: ClassVar[str] = "number of processes"
    parameter: ClassVar[str] = "limit"

    def change(self, fault: Fault, now: Container) -> Change:
        limit, present = int(fault.number("limit")), int(now.host_config.get("PidsLimit") or 0)
        if 0 < present <= limit:
            raise refuse_no_less(now, self.name, self.shown(present))
        former = present if present > 0 else -1
        return Change({"PidsLimit": limit}, [{"PidsLimit": former}], limit, f"--pids-limit {former}")

    def read(self, now: Container) -> Reading:
        limit, present = self.kernel.number(now, _MOST), self.kernel.number(now, _NOW) or 0
        more = "as many as it likes" if limit is None else max(0, limit - present) or "none"
        facts = {"limit": limit, "processes": present}
        return Reading(limit, f"there are {present}, {more} more can be started", facts)

    def shown(self, limit: int | None) -> str:
        return "unlimited" if limit is None else str(limit)
