"""What the platform itself said while something was wrong: breakers and readiness, from its own event files."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Sign:
    """`Sign(81204113203377, "worker", "breaker of neo4j open", is_trouble=True)`"""

    at_ns: int
    by: str
    words: str
    is_trouble: bool


def signs(home: Path, from_ns: int, until_ns: int) -> tuple[Sign, ...]:
    """In order. A line that is torn, or means nothing to this version, says nothing."""
    found = [sign for path in sorted((home / _EVENTS).glob("*.ndjson")) for sign in _read(path)]
    return tuple(sorted((each for each in found if from_ns <= each.at_ns <= until_ns), key=lambda each: each.at_ns))


def _read(path: Path) -> Iterable[Sign]:
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return
    for line in lines:
        try:
            sign = _sign(json.loads(line))
        except (ValueError, KeyError, TypeError):
            continue
        if sign:
            yield sign


def _sign(event: dict[str, object]) -> Sign | None:
    process = str(event["process"])
    if event["kind"] == "breaker_changed":
        at_ns = int(str(event.get("changed_mono_ns") or event["mono_ns"]))
        return Sign(at_ns, process, f"breaker of {event['dependency']} {event['after']}", event["after"] == "open")
    if event["kind"] == "readiness_changed":
        status = str(event.get("status") or ("ready" if event["is_ready"] else "away"))
        words = f"{status}: {event['why']}" if event.get("why") else status
        return Sign(int(str(event["mono_ns"])), process, words, status != "ready")
    return None
