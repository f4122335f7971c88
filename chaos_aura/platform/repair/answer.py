"""What is answered: what is missing, what became of it, and what is left.

{"schema": 1, "looked_at": {"temporal": 235, "neo4j": 234, "kafka": 235},
 "items": [{"allocation": "01kb7q9x3m-7", "store": "neo4j", "missing": "decision", "state": "released",
            "why": "Neo4j holds nothing", "out_of_order": false, "repaired": null, "why_not": ""}],
 "left": [{"allocation": "01kb7q9x3m-9", "store": "temporal", "fate": "unknown", "why": "..."}]}
"""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from chaos_aura.platform.errors import DependencyAway
from chaos_aura.platform.repair.applying import Done
from chaos_aura.platform.repair.looking import LookedAt
from chaos_aura.platform.repair.plan import Fate, Item, Left

_NOTHING_THERE = "it knows no allocation of this run (any more), so nobody knows what else there should be"


def answer_of(looked_at: LookedAt | None, items: Iterable[Item | Done], left: Iterable[Left]) -> dict[str, Any]:
    return {
        "schema": 1,
        "looked_at": asdict(looked_at) if looked_at else None,
        "items": [_row(each) for each in items],
        "left": [asdict(each) for each in (*left, *_forgotten(looked_at))],
    }


def away(cause: DependencyAway) -> dict[str, Any]:
    """Nothing is known to be missing while a store cannot be read."""
    return answer_of(None, (), [Left("", cause.where, Fate.UNKNOWN, cause.why)])


def _row(one: Item | Done) -> dict[str, Any]:
    item, became = (one.item, one) if isinstance(one, Done) else (one, None)
    row = asdict(item)
    del row["kind"]
    return row | {"repaired": became.repaired if became else None, "why_not": became.why_not if became else ""}


def _forgotten(looked_at: LookedAt | None) -> tuple[Left, ...]:
    """A stack that was purged since then, or a run of long ago, must not look whole."""
    is_empty = looked_at is not None and looked_at.temporal == 0
    return (Left("", "temporal", Fate.UNKNOWN, _NOTHING_THERE),) if is_empty else ()
