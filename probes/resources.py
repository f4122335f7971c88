"""What the services weigh, and chaos-aura itself."""

import os
import time
from pathlib import Path
from typing import Any

from chaos_aura.containers.of_stack import keeper_of
from chaos_aura.record.samples import FILE, WEIGHT, newest_samples
from probes.around import home
from probes.run import VARIABLE, Run
from probes.sampler.census import take_census
from probes.sampler.weight import Weight

__all__ = ["weight"]

_MEASURED_FOR_S = 1.0
_RECENT_NS = 5_000_000_000


def weight() -> dict[str, Any]:
    """Processor cores and memory of each service with all it has started, and of chaos-aura's own processes.

    `{"redis": {"cpu": 0.03, "rss_mb": 12.4}, "sampler": {...}}`; as the run sampled it last, else over one second.
    """
    return (_sampled(Run.current()) if os.environ.get(VARIABLE) else {}) or _measured(home())


def _sampled(run: Run) -> dict[str, Any]:
    since_ns = time.monotonic_ns() - _RECENT_NS
    rows = [row for row in newest_samples(run.folder / FILE) if row["what"] == WEIGHT and row["at"] >= since_ns]
    return {str(row["of"]): {"cpu": row["cpu"], "rss_mb": row["rss_mb"]} for row in rows}


def _measured(of: Path) -> dict[str, Any]:
    children = keeper_of(of, os.environ).children()
    services = {name: child.process.pid for name, child in children.items() if child.process and not child.is_job}
    looking = Weight(of)
    looking.look(take_census(), services)
    time.sleep(_MEASURED_FOR_S)
    return looking.look(take_census(), services)
