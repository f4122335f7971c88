"""How far a repair has come: told to a terminal as it goes on, and to whoever interrupts it."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from chaos_aura.cli.output import say_aside
from chaos_aura.cli.repair_stores import Progress, repair_stores

type _Repair = Callable[[Mapping[str, Any], Callable[[Progress], None]], Mapping[str, Any]]


def followed(question: Mapping[str, Any], repair: _Repair = repair_stores) -> Mapping[str, Any]:
    """What `repair` answers."""
    reached = Progress("", 0, 0)

    def told(progress: Progress) -> None:
        nonlocal reached
        reached = progress
        if sys.stderr.isatty():
            say_aside(_said(progress), dim=True)

    try:
        return repair(question, told)
    except KeyboardInterrupt:
        say_aside(_said(reached) if reached.items else "nothing had been written yet")
        raise


def _said(progress: Progress) -> str:
    if not progress.items:
        return progress.doing
    return f"{progress.doing}: {progress.repaired:,} of {progress.items:,} are there again"
