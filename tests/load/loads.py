"""Loads in processes of their own, always ended with the test."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chaos_aura.core.operation import CANARY, Operation, Outcome
from chaos_aura.load.plan import LoadPlan
from chaos_aura.load.process import LoadProcess, start
from chaos_aura.load.shapes import steady
from chaos_aura.load.story import CANARY_WITHIN_S
from chaos_aura.record.history import read_history

BEGINS_WITHIN_S = 60.0
ENDS_WITHIN_S = 60.0


def planned(url: str, per_s: float = 20, lasts_s: float = 60, **more: Any) -> LoadPlan:
    return LoadPlan(**{"url": url, "tag": "t", "phases": (steady("load", lasts_s, per_s),), "seed": 5, **more})


@contextmanager
def running(plan: LoadPlan, folder: Path) -> Iterator[LoadProcess]:
    load = start(plan, folder, folder / "load.log")
    try:
        load.await_running(BEGINS_WITHIN_S)
        yield load
    finally:
        load.kill()


def operations_in(folder: Path) -> tuple[Operation, ...]:
    history = read_history(folder.glob("history-*.jsonl"))
    assert history.unread == 0
    return history.operations


def unwell(operations: Iterable[Operation]) -> list[Operation]:
    """But for canaries that a busy machine kept from being answered in time: they have failed, and rightly so."""
    return [each for each in operations if each.outcome is not Outcome.OK and not _came_late(each)]


def _came_late(each: Operation) -> bool:
    told = (each.what, each.outcome, each.why)
    waited_s = ((each.ended_ns or 0) - each.invoked_ns) / 1e9
    return told == (CANARY, Outcome.FAIL, "timeout") and waited_s > 0.99 * CANARY_WITHIN_S


def stories_in(folder: Path) -> dict[int, list[str]]:
    """By number of the request: `allocate 1: ok`, `release 2: info timeout`."""
    stories = defaultdict(list)
    for each in operations_in(folder):
        if "request_id" in each.asked:
            nth = int(each.asked["request_id"].rpartition("-")[2])
            told = f"{each.what} {each.asked.get('try', 1)}: {each.outcome or 'open'} {each.why}".strip()
            stories[nth].append(told)
    return dict(stories)
