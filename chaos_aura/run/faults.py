"""The faults of a run as its timeline tells them, whoever wrote it: the engine, the reaper, another person."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from chaos_aura.record.timeline import read_timeline


class FaultStory(NamedTuple):
    """Of the monotonic clock; None where it did not come to that. `wrong`: why it failed or was refused."""

    lease: str
    kind: str
    target: str
    asked_ns: int
    injector: str = ""
    parameters: Mapping[str, Any] = MappingProxyType({})
    in_force_ns: int | None = None
    lost_ns: int | None = None
    healed_ns: int | None = None
    stuck: str = ""
    wrong: str = ""
    seen: str = ""
    gone: str = ""

    def __str__(self) -> str:
        return f"{self.kind} of {self.target}"


def stories(timeline: Path) -> tuple[FaultStory, ...]:
    """Of a run, by its timeline's file."""
    return told_faults(read_timeline(timeline))


def told_faults(events: Iterable[Mapping[str, Any]]) -> tuple[FaultStory, ...]:
    """In the order in which they were asked for."""
    stories: dict[str, FaultStory] = {}
    for event in events:
        name, lease = str(event.get("event", "")), str(event.get("lease", ""))
        if not name.startswith("fault.") or not lease:
            continue
        if lease not in stories:
            stories[lease] = FaultStory(
                lease, str(event.get("kind")), str(event.get("target")), int(event["monotonic_ns"])
            )
        stories[lease] = _after(stories[lease], name, event)
    return tuple(sorted(stories.values(), key=lambda story: story.asked_ns))


def _after(story: FaultStory, name: str, event: Mapping[str, Any]) -> FaultStory:
    at_ns, seen, why = int(event["monotonic_ns"]), str(event.get("seen", "")), str(event.get("why", ""))
    changes: dict[str, dict[str, Any]] = {
        "fault.asked": {"asked_ns": at_ns, "parameters": dict(event.get("parameters", {}))},
        "fault.prepared": {"injector": str(event.get("injector", ""))},
        "fault.in_force": {"in_force_ns": at_ns, "seen": seen},
        "fault.not_held": {"lost_ns": story.lost_ns or at_ns},
        "fault.healed": {"healed_ns": at_ns, "gone": seen, "stuck": ""},
        "fault.stuck": {"stuck": seen},
        "fault.failed": {"wrong": why},
        "fault.refused": {"wrong": why},
    }
    return story._replace(**changes.get(name, {}))
