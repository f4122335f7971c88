"""What the platform of a run can carry: measured on the first run of a machine, known on the others."""

import os
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from chaos_aura.core.catalogue import Catalogue
from chaos_aura.load.capacity import MeasuredOn, capacity_of
from chaos_aura.run.run import Run
from chaos_aura.supervision.client import Supervision
from chaos_aura.supervision.place import TRAINING
from chaos_aura.supervision.state import ChildState

_WORKER = "worker"


def capacity_here(run: Run, catalogue: Catalogue, url: str, inventory: Mapping[str, int]) -> float:
    """Whole cycles a second."""
    workers = sum(service.name.startswith(_WORKER) for service in catalogue.services)
    on = MeasuredOn.here(workers, inventory, version("chaos-aura"))
    home, tag = run.project.home, f"capacity-{run.tag}"
    return capacity_of(home, url, tag, on, os.environ, is_disturbed=lambda: _is_training(home)).cycles_per_s


def _is_training(home: Path) -> bool:
    """Start-up caches are being made for the next start, on the same processors."""
    jobs = Supervision(home).children()
    return TRAINING in jobs and jobs[TRAINING].state is ChildState.RUNNING
