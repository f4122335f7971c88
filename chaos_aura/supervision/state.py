"""What a supervisor tells of its children."""

from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from chaos_aura.core.errors import SupervisorFailed
from chaos_aura.core.process import ProcessId

SCHEMA = 1  # another number: another version of the code, whose answers may mean anything
START_AGAIN = "run: chaos-aura down, then chaos-aura up"


class ChildState(Enum):
    RUNNING = "running"
    WAITING = "waiting"  # it ended by itself and starts again after its back-off
    STOPPING = "stopping"
    RESTARTING = "restarting"
    STOPPED = "stopped"
    ENDED = "ended"  # a job that is done


@dataclass(frozen=True, slots=True)
class ChildStatus:
    name: str
    state: ChildState
    process: ProcessId | None
    restarts: int
    last_end: str
    retry_in_s: float
    is_job: bool

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "state": self.state.value}

    @classmethod
    def from_dict(cls, row: dict[str, Any]) -> "ChildStatus":
        process = row["process"] and ProcessId(**row["process"])
        return cls(**{**row, "state": ChildState(row["state"]), "process": process})


class ChildStatuses(dict[str, ChildStatus]):
    """By name. One that a stack should have and has not is its trouble, not ours."""

    def __missing__(self, name: str) -> ChildStatus:
        raise SupervisorFailed("supervisor", f"keeps no `{name}`", START_AGAIN)
