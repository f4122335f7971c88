"""Contexts in Redis beside Neo4j: where Redis holds one, it holds the tenant's newest decisions, and as they are."""

import heapq
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict

from chaos_aura.judge.consistency.stores.finding import Finding, Kind
from chaos_aura.judge.consistency.stores.phantoms import named
from chaos_aura.record.rows import Recorded
from chaos_aura.record.stores import REDIS, Context, Past

WINDOW = 16

type _Newest = list[tuple[int, str]]  # a heap: when it was decided, and which; the oldest of them first


class ContextsBeside:
    """Told of some decisions after others; it remembers a window for each tenant."""

    def __init__(self, contexts: Mapping[str, Context]) -> None:
        self._contexts = contexts
        self._wanted = {past.allocation for context in contexts.values() for past in context.past}
        self._rows: dict[str, Recorded] = {}
        self._newest: dict[str, _Newest] = defaultdict(list)

    def add(self, recorded: Mapping[str, Recorded]) -> None:
        for name, row in recorded.items():
            if name in self._wanted:
                self._rows[name] = row
            if row.decisions and row.tenant in self._contexts:
                newest = self._newest[row.tenant]
                push = heapq.heappush if len(newest) < WINDOW else heapq.heappushpop
                push(newest, (row.decided_at_ms, name))

    def of_all(self) -> Iterator[Finding]:
        for tenant, context in sorted(self._contexts.items()):
            if context.damaged:
                yield Finding(Kind.DISAGREEING, REDIS, "", f"holds no context of {tenant}: {context.damaged}")
                continue
            for past in context.past:
                yield from self._wrong(tenant, past)
            there = {past.allocation for past in context.past}
            if len(context.past) > min(WINDOW, len(there)):
                why = f"holds {len(context.past)} decisions of {tenant}, {len(there)} different: {WINDOW} may be"
                yield Finding(Kind.DOUBLED, REDIS, "", why, seen=tuple(map(asdict, context.past)))
            if lacking := [name for _, name in sorted(self._newest[tenant]) if name not in there]:
                why = f"is not in the context of {tenant}, of whose newest {WINDOW} decisions it is one"
                more = f"; nor are {named(lacking[:-1])}" if len(lacking) > 1 else ""
                yield Finding(Kind.DISAGREEING, REDIS, lacking[-1], why + more, seen=tuple(map(asdict, context.past)))

    def _wrong(self, tenant: str, past: Past) -> Iterator[Finding]:
        row = self._rows.get(past.allocation)
        if row is None:
            why = f"is in the context of {tenant}, and Neo4j does not know it"
            yield Finding(Kind.PHANTOM, REDIS, past.allocation, why, seen=(asdict(past),))
        elif (past.outcome, past.decided_at_ms, tenant) != (row.outcome, row.decided_at_ms, row.tenant):
            why = (
                f"was {past.outcome} at {past.decided_at_ms} for {tenant} in its context, and "
                f"{row.outcome} at {row.decided_at_ms} for {row.tenant} in Neo4j"
            )
            yield Finding(Kind.DISAGREEING, REDIS, past.allocation, why, seen=(asdict(past), asdict(row)))
