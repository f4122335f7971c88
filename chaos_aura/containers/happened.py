"""What an engine remembers of its containers: that one was told to end, that one ran out of memory."""

from dataclasses import dataclass
from datetime import datetime

from chaos_aura.containers.engine import Engine

KILL, STOP, DIE, OOM = "kill", "stop", "die", "oom"
START, PAUSE = "start", "pause"
_REMEMBERED = 250  # an engine keeps its last 256 events


@dataclass(frozen=True, slots=True)
class Event:
    """`Event("kill", "15")`"""

    action: str
    signal: str = ""


@dataclass(frozen=True, slots=True)
class Happened:
    """`events`: of one container, in their order. Not `all_known`: so much has happened that some may be forgotten."""

    events: tuple[Event, ...]
    all_known: bool

    def has(self, action: str) -> bool:
        return any(event.action == action for event in self.events)


def now_s(engine: Engine) -> float:
    """By the engine's own clock, which may be another machine's."""
    return datetime.fromisoformat(str(engine.info()["SystemTime"])).timestamp()


def happened(engine: Engine, container: str, since_s: float) -> Happened:
    """To that container, by its id. Healthchecks happen, too, and make it forget."""
    until_s = now_s(engine)
    with engine.talking(container):
        stream = engine.api.events(since=f"{since_s:.6f}", until=f"{until_s:.6f}", decode=True)
        rows = [(str(row.get("Action", "")), row.get("Actor") or {}) for row in stream]
    events = [
        Event(action, str((actor.get("Attributes") or {}).get("signal", "")))
        for action, actor in rows
        if actor.get("ID") == container
    ]
    return Happened(tuple(events), len(rows) < _REMEMBERED)
