"""What the platform of a run can carry: measured on the first run of a machine, known on the others."""

import os
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from chaos_aura.core.catalogue import LOCAL, Catalogue
from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.load.capacity import Capacity, MeasuredOn, capacity_of
from chaos_aura.run.run import Run
from chaos_aura.supervision.client import Supervision
from chaos_aura.supervision.place import TRAINING
from chaos_aura.supervision.state import ChildState

_WORKER = "worker"


def capacity_here(run: Run, catalogue: Catalogue, url: str, inventory: Mapping[str, int]) -> Capacity:
    workers = sum(service.name.startswith(_WORKER) for service in catalogue.services)
    on = MeasuredOn.here(workers, inventory, version("chaos-aura"))
    home, tag = run.project.home, f"capacity-{run.tag}"
    is_local = catalogue.stack == LOCAL
    return capacity_of(home, url, tag, on, os.environ, is_disturbed=lambda: is_local and is_training(home))


def is_training(home: Path) -> bool:
    """Start-up caches are being made for the next start, on the same processors; or nobody can say."""
    try:
        jobs = Supervision(home).children()
    except ChaosAuraError:
        return True
    return TRAINING in jobs and jobs[TRAINING].state is ChildState.RUNNING
