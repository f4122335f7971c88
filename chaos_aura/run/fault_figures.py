"""The faults of a run as `result.json` tells them."""

from collections.abc import Callable, Sequence
from typing import Any

from chaos_aura.run.faults import FaultStory


def fault_figures(stories: Sequence[FaultStory], since_began_s: Callable[[int], float]) -> list[dict[str, Any]]:
    def at(moment_ns: int | None) -> float | None:
        return None if moment_ns is None else since_began_s(moment_ns)

    return [
        {
            "lease": story.lease,
            "kind": story.kind,
            "target": story.target,
            "parameters": dict(story.parameters),
            "injector": story.injector,
            "asked_s": at(story.asked_ns),
            "in_force_s": at(story.in_force_ns),
            "healed_s": at(story.healed_ns),
            "seen": story.seen,
            "gone": story.gone,
            "wrong": story.wrong or story.stuck,
        }
        for story in stories
    ]
