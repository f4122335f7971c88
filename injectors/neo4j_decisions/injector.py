"""What the engine asks of recorded decisions: the latest say the opposite outcome, and another price.

Readers take both for true: the council of what a tenant did before, everybody else of what was decided.
"""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, LiteralString

from chaos_aura.core.catalogue import Target
from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.fault import Capability, Fault, Footprint, Proof, Undo
from chaos_aura.faults.ground import Ground
from injectors.neo4j_decisions import cypher
from injectors.store import Store

APPROVED, REFUSED = "approved", "refused"
# A power of two: a price so multiplied can be divided again without a rest.
DEARER = 1024
_BY_HAND = 50
_NAMED = 3

Row = Mapping[str, Any]


class Neo4jInjector:
    name: ClassVar[str] = "neo4j"
    kinds: ClassVar[frozenset[str]] = frozenset({"tamper_decision"})
    settle_s: ClassVar[float] = 4.0  # a transaction's time-out

    def __init__(self, ground: Ground) -> None:
        self._store = Store(ground, "neo4j", "neo4j")

    def can(self, fault: Fault, target: Target) -> Capability:
        return self._store.can(target)

    def footprint(self, fault: Fault, target: Target) -> Footprint:
        return Footprint(frozenset({"recorded decisions in neo4j"}), needs=frozenset({"neo4j"}))

    def prepare(self, fault: Fault, target: Target, lease_id: str) -> Undo:
        from injectors.neo4j_decisions.client import Unanswered, ask  # noqa: PLC0415 - 0.3 s

        with self._store.asking_first(target, Unanswered) as uri:
            latest = ask(uri, cypher.LATEST, count=int(fault.number("count")))
        if not latest:
            raise TargetUnfit("neo4j", "no decision is recorded", "drive some allocations first")
        rows = [_tampered(row) for row in latest]
        self._store.refuse_too_large(rows)
        data = {**self._store.found_at(target, lease_id), "rows": rows}
        return Undo(data, (_touches([row["id"] for row in rows]),), _by_hand(target.uri, rows, lease_id))

    def inject(self, undo: Undo) -> None:
        self._swap(undo, "former", "tampered")

    def heal(self, undo: Undo) -> None:
        if not self._store.is_lost(undo):
            self._swap(undo, "tampered", "former")

    def in_force(self, undo: Undo) -> Proof:
        tampered, former, other = self._found(undo)
        seen = f"{tampered} of {len(undo.data['rows'])} recorded decisions say what was put there"
        if other:
            seen += f", {other} the platform has written anew"
        return Proof(tampered > 0, seen, {"tampered": tampered, "as_before": former, "other": other})

    def gone(self, undo: Undo) -> Proof:
        if self._store.is_lost(undo):
            return Proof(True, "all that Neo4j kept has been removed")
        tampered, former, other = self._found(undo)
        total = len(undo.data["rows"])
        facts = {"tampered": tampered, "restored": former, "other": other}
        if tampered:
            return Proof(False, f"{tampered} of {total} recorded decisions still say what was put there", facts)
        seen = f"{former} of {total} recorded decisions say what they said"
        return Proof(True, seen + (f", {other} are the platform's own by now" if other else ""), facts)

    def _swap(self, undo: Undo, old: str, new: str) -> None:
        rows = [{"id": row["id"], "old": row[old], "new": row[new]} for row in undo.data["rows"]]
        self._ask(undo, cypher.SWAP, rows=rows)

    def _found(self, undo: Undo) -> tuple[int, int, int]:
        """How many say what was put there, what they said before, anything else (or are not there)."""
        told = self._ask(undo, cypher.FOUND, ids=[row["id"] for row in undo.data["rows"]])
        now = {row["id"]: {"outcome": row["outcome"], "total_usd": row["total_usd"]} for row in told}
        tampered = sum(now.get(row["id"]) == row["tampered"] for row in undo.data["rows"])
        former = sum(now.get(row["id"]) == row["former"] for row in undo.data["rows"])
        return tampered, former, len(undo.data["rows"]) - tampered - former

    def _ask(self, undo: Undo, text: LiteralString, **parameters: Any) -> list[dict[str, Any]]:
        from injectors.neo4j_decisions.client import Unanswered, ask  # noqa: PLC0415 - 0.3 s

        with self._store.asking(undo, Unanswered) as uri:
            return ask(uri, text, **parameters)


def _tampered(row: Row) -> dict[str, Any]:
    """Sample: {"id": "r-1", "former": {"outcome": "approved", "total_usd": 0.526}, "tampered": {...}}"""
    former = {"outcome": row["outcome"], "total_usd": row["total_usd"]}
    outcome = REFUSED if row["outcome"] == APPROVED else APPROVED
    return {"id": row["id"], "former": former, "tampered": {"outcome": outcome, "total_usd": row["total_usd"] * DEARER}}


def _touches(ids: Sequence[str]) -> str:
    rest = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return f"turns the outcome and multiplies the price of the decisions on {', '.join(ids[:_NAMED])}{rest}"


def _by_hand(uri: str, rows: Sequence[Row], lease_id: str) -> str:
    """Many would not fit into a command line."""
    if len(rows) > _BY_HAND:
        return f"chaos-aura heal {lease_id}"
    swaps = [{"id": row["id"], "old": row["tampered"], "new": row["former"]} for row in rows]
    told = f"neo4j.GraphDatabase.driver({uri!r}).execute_query({cypher.SWAP.replace(chr(10), ' ')!r}, rows={swaps!r})"
    return f"python -c {shlex.quote(f'import neo4j; {told}')}"
