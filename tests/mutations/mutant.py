"""Bugs that a platform could have. Imported by every interpreter of `mutated.py` as it starts.

Which one is in force says the file `mutations` in the folder of the process, a line each:
`forgets a release 01kb7q9x3m`, from then on for the allocations whose ids begin so. What the pool has done wrong it
does wrong again when a worker replays it: that depends on the allocation alone.
"""

import asyncio
import importlib.abc
import importlib.machinery
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

GRANTS_TWICE = "grants twice"
FORGETS_A_RELEASE = "forgets a release"
ACKNOWLEDGES_TOO_EARLY = "acknowledges before writing"
DROPS_AN_EVENT = "drops one event in a thousand"
PUBLISHES_TWICE = "publishes twice"
WRITES_A_STALE_CONTEXT = "writes a stale context"
FILE = "mutations"
_ONE_IN = 1000
_FIRST = 100
_WRITES_AFTER_S = 3.0

_drawn: Counter[str] = Counter()  # by run


def is_hit(mutation: str, allocation: str, one_in: int = 1) -> bool:
    try:
        lines = Path(FILE).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return False
    of_run = (line.removeprefix(f"{mutation} ") for line in lines if line.startswith(f"{mutation} "))
    number = allocation.rpartition("-")[2]
    return any(allocation.startswith(tag) for tag in of_run) and number.isdigit() and int(number) % one_in == 0


def pool(module: ModuleType) -> None:
    kind = module.Inventory
    grant, release = kind.grant, kind.release

    def granting(self: Any, order: Any) -> Any:
        """The GPUs of somebody who holds as many, instead of free ones."""
        if is_hit(GRANTS_TWICE, order.allocation_id, 5) and order.allocation_id not in self._holdings:
            for other in self._holdings.values():
                if other.gpu_type is order.gpu_type and len(other.indexes) == order.count:
                    self._last_token += 1
                    mine = replace(other, tenant=order.tenant, fencing_token=self._last_token)
                    self._holdings[order.allocation_id] = mine
                    break
        return grant(self, order)

    def releasing(self: Any, order: Any) -> Any:
        if is_hit(FORGETS_A_RELEASE, order.allocation_id, 20) and order.allocation_id in self._holdings:
            return len(self._holdings[order.allocation_id].indexes)
        return release(self, order)

    kind.grant, kind.release = granting, releasing


def decisions(module: ModuleType) -> None:
    kind = module.Decisions
    write = kind.write
    late: set[asyncio.Task[None]] = set()

    async def writing(self: Any, allocation: Any) -> None:
        if not is_hit(ACKNOWLEDGES_TOO_EARLY, allocation.allocation_id):
            await write(self, allocation)
            return

        async def later() -> None:
            await asyncio.sleep(_WRITES_AFTER_S)
            await write(self, allocation)

        task = asyncio.create_task(later())
        late.add(task)
        task.add_done_callback(late.discard)

    kind.write = writing


def publisher(module: ModuleType) -> None:
    kind = module.Publisher
    publish = kind.publish

    async def publishing(self: Any, events: Sequence[Any]) -> None:
        kept = [event for event in events if not _is_dropped(event)]
        again = [
            replace(event, event_id=f"{event.event_id}:again")
            for event in events
            if is_hit(PUBLISHES_TWICE, event.allocation_id, 10)
        ]
        await publish(self, [*kept, *again])

    kind.publish = publishing


def contexts(module: ModuleType) -> None:
    kind = module.Contexts
    remember = kind.remember

    async def remembering(self: Any, tenant: str, decision: Any) -> None:
        """As it had been an hour before."""
        if is_hit(WRITES_A_STALE_CONTEXT, decision.allocation_id, 3):
            decision = replace(decision, decided_at_ms=decision.decided_at_ms - 3_600_000)
        await remember(self, tenant, decision)

    kind.remember = remembering


def _is_dropped(event: Any) -> bool:
    if not is_hit(DROPS_AN_EVENT, event.allocation_id):
        return False
    run = event.allocation_id.rpartition("-")[0]
    _drawn[run] += 1
    return _drawn[run] % _ONE_IN == _FIRST


_MUTATED: dict[str, Callable[[ModuleType], None]] = {
    "chaos_aura.platform.pool.inventory": pool,
    "chaos_aura.platform.stores.decisions": decisions,
    "chaos_aura.platform.events.publisher": publisher,
    "chaos_aura.platform.stores.contexts": contexts,
}


class Finder(importlib.abc.MetaPathFinder):
    """Finds what everybody finds, and changes it when it has been read."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        if name not in _MUTATED:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec and spec.loader:
            read, mutate = spec.loader.exec_module, _MUTATED[name]

            def reading(module: ModuleType) -> None:
                read(module)
                mutate(module)

            spec.loader.exec_module = reading  # type: ignore[method-assign]
        return spec


sys.meta_path.insert(0, Finder())
