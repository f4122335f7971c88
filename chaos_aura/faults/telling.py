"""What becomes of a fault, told on the timeline that its lease names: whoever heals it tells it in the same place."""

from pathlib import Path
from typing import Any

from chaos_aura.core.fault import Fault
from chaos_aura.core.lease import Lease
from chaos_aura.record.timeline import Timeline


class Telling:
    """`otherwise` is the timeline for what has no lease yet, and for leases that name none."""

    def __init__(self, otherwise: Path) -> None:
        self._otherwise = Timeline(otherwise)
        self._others: dict[str, Timeline] = {}

    @property
    def path(self) -> Path:
        return self._otherwise.path

    def of(self, lease: Lease, event: str, **facts: Any) -> None:
        named = {"lease": lease.id, "kind": lease.fault.kind, "target": lease.fault.target, "injector": lease.injector}
        self._timeline(lease).tell(event, **named, **facts)

    def before(self, fault: Fault, lease_id: str, event: str, **facts: Any) -> None:
        """While there is no lease."""
        self._otherwise.tell(event, lease=lease_id, kind=fault.kind, target=fault.target, **facts)

    def close(self) -> None:
        for timeline in (self._otherwise, *self._others.values()):
            timeline.close()

    def _timeline(self, lease: Lease) -> Timeline:
        if not lease.timeline or lease.timeline == str(self._otherwise.path):
            return self._otherwise
        return self._others.setdefault(lease.timeline, Timeline(Path(lease.timeline)))
