"""The breakers of the platform: how they are now, and how they changed."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson

from chaos_aura.core.catalogue import Catalogue
from chaos_aura.core.errors import BadInput, PingFailed
from probes.around import catalogue, home
from probes.readiness import members, read_readiness
from probes.run import Run

__all__ = ["breaker_history", "breaker_states"]

_WITHIN_S = 3.0
_EVENTS = "events"
_NS = 1e9


def breaker_states() -> dict[str, Any]:
    """The state of each breaker, by process and by what it guards.

    `{"api": {"neo4j": "open", "redis": "closed"}, "worker": null}`; null is a process that does not answer.
    """
    known = catalogue()
    names = members(known)
    with ThreadPoolExecutor(max_workers=max(1, len(names))) as side_by_side:
        return dict(zip(names, side_by_side.map(lambda name: _breakers(known, name), names), strict=True))


def breaker_history(since_s: float = 0) -> list[dict[str, Any]]:
    """Every change of a breaker, in order.

    `[{"process": "worker", "dependency": "neo4j", "before": "closed", "after": "open", "cause": "...", "ago_s": 3.2}]`
    since_s: of the last seconds; 0 is since the current run began.
    """
    if since_s < 0:
        raise BadInput("since_s", f"{since_s:g} is below zero", "0 is since the run began")
    now_ns = time.monotonic_ns()
    from_ns = now_ns - int(since_s * _NS) if since_s else Run.current().began_ns
    changes = (change for path in (home() / _EVENTS).glob("*.ndjson") for change in _changes(path))
    return [
        {**change, "ago_s": round((now_ns - at_ns) / _NS, 3)}
        for at_ns, change in sorted(changes, key=lambda pair: pair[0])
        if from_ns <= at_ns <= now_ns
    ]


def _breakers(known: Catalogue, service: str) -> dict[str, str] | None:
    try:
        breakers: dict[str, str] = read_readiness(known, service, _WITHIN_S)["breakers"]
    except PingFailed:
        return None
    return breakers


def _changes(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """A line that is torn costs itself only."""
    for line in path.read_bytes().splitlines():
        try:
            event = orjson.loads(line)
            if event["kind"] == "breaker_changed":
                told = {name: str(event[name]) for name in ("process", "dependency", "before", "after", "cause")}
                yield int(event.get("changed_mono_ns") or event["mono_ns"]), told
        except (ValueError, KeyError, TypeError):
            continue
