"""How the machine itself is: what strangers use of it, what its host takes from it, how late it wakes and answers.

Strangers' use is all that was used less what ours used, and not the sum of theirs: what comes and goes between two
looks is in the first only, and so are other containers where the kernel counts them too. The kernel counts the whole by
samples and each process by its clock, so the difference is right to a tenth or two of a core, and never below 0.
"""

from typing import Any

from probes.sampler.census import TICKS_A_SECOND, Census, Processors
from probes.sampler.ours import Ours
from probes.sampler.usage import Usage


class Machine:
    def __init__(self, ours: Ours) -> None:
        self._ours = ours
        self._usage = Usage()
        self._before: Census | None = None

    def look(self, census: Census) -> dict[str, Any] | None:
        """`foreign_cpu`, `steal`, `running` since the look before; None at the first."""
        ours_cores = self._usage.cores(census, self._ours.among(census))
        before, self._before = self._before, census
        if before is None or ours_cores is None:
            return None
        took_s = census.at_s - before.at_s
        busy_cores = (census.processors.busy - before.processors.busy) / TICKS_A_SECOND / took_s
        return {
            "foreign_cpu": round(max(0.0, busy_cores - ours_cores), 3),
            "steal": round(_steal(before.processors, census.processors), 4),
            "running": census.processors.running,
        }


def _steal(before: Processors, now: Processors) -> float:
    return max(0, now.steal - before.steal) / max(1, now.total - before.total)
