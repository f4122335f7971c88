"""What Temporal tells of an allocation: how its workflow stands, and what that knows.

Told("r-1", Standing.RUNNING, Allocation(...), unwritten=frozenset({"kafka"}))
"""

from dataclasses import dataclass
from enum import StrEnum

from chaos_aura.platform.model import Allocation


class Standing(StrEnum):
    RUNNING = "running"
    ENDED = "ended"
    BROKEN = "broken"  # terminated, failed: what it knew cannot be asked any more
    NOT_FOUND = "not found"
    SILENT = "silent"  # it runs, but no worker tells


@dataclass(frozen=True, slots=True)
class Told:
    """`unwritten` names the stores that its own writers are still at; it was asked after `allocation`."""

    allocation_id: str
    standing: Standing
    allocation: Allocation | None = None
    unwritten: frozenset[str] = frozenset()
    why: str = ""
