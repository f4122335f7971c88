"""Operations as a load records them, in seconds since nothing, and stores that hold exactly them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from chaos_aura.core.operation import ALLOCATE, RELEASE, Operation, Outcome
from chaos_aura.judge.consistency.stores.phantoms import GRANTED, RELEASED
from chaos_aura.record.rows import Event, Recorded, Rows
from chaos_aura.record.stores import Context, Past, Pool, Stores

S = 1_000_000_000
TAG = "tag"
TENANT = f"{TAG}-t0"


def at(seconds: float) -> int:
    return int(seconds * S)


def operation(
    what: str,
    request: str,
    began_s: float,
    ended_s: float | None,
    outcome: Outcome | None = Outcome.OK,
    *,
    gpus: Sequence[str] = (),
    **answered: Any,
) -> Operation:
    told = {"gpu_ids": list(gpus), **answered} if gpus else answered
    ended_ns = None if ended_s is None else at(ended_s)
    asked = {"request_id": request, "tenant": TENANT}
    op = f"{what}-{request}-{began_s}"
    return Operation(op, what, "t", at(began_s), at(began_s), ended_ns, outcome, asked, told)


def allocated(request: str, began_s: float, ended_s: float, *gpus: str) -> Operation:
    return operation(ALLOCATE, request, began_s, ended_s, Outcome.OK, gpus=gpus)


def released(request: str, began_s: float, ended_s: float | None, outcome: Outcome | None = Outcome.OK) -> Operation:
    return operation(RELEASE, request, began_s, ended_s, outcome)


@dataclass(frozen=True)
class Held:
    """What the stores hold: of each allocation, and of all together."""

    rows: Rows
    stores: Stores


def sound_stores(operations: Iterable[Operation], total: int = 1000) -> Held:
    """What a platform that makes no mistake would hold: of what nobody knows, nothing was done."""
    seen = list(operations)
    gpus = {each.request_id: each.gpu_ids for each in seen if each.what == ALLOCATE and each.outcome is Outcome.OK}
    over = {each.request_id for each in seen if each.what == RELEASE and each.outcome is Outcome.OK}
    held = {name: ids for name, ids in gpus.items() if name not in over}
    free = total - sum(map(len, held.values()))
    rows = Rows(
        neo4j={
            name: Recorded(1, RELEASED if name in over else GRANTED, ids, TENANT, nth, "approved")
            for nth, (name, ids) in enumerate(gpus.items())
        },
        kafka={name: events_of(name, ids, is_over=name in over) for name, ids in gpus.items()},
        temporal={name: "completed" if name in over else "running" for name in gpus},
    )
    newest = tuple(Past(name, nth, "approved") for nth, name in enumerate(gpus))[-16:]
    usage: Counter[str] = Counter()
    for events in rows.kafka.values():
        for event in events:
            usage.update(event.adds)
    stores = Stores(
        pool=Pool({"t4": total}, {"t4": free}, held),
        contexts={TENANT: Context(newest)} if gpus else {},
        usage={TENANT: dict(usage)} if gpus else {},
    )
    return Held(rows, stores)


def events_of(name: str, ids: Sequence[str], *, is_over: bool) -> tuple[Event, ...]:
    gpus = len(ids)
    adds = {
        "requested": {"requested": 1},
        "decided": {"decided": 1},
        GRANTED: {GRANTED: 1, "held:t4": gpus},
        RELEASED: {RELEASED: 1, "held:t4": -gpus, "gpu_ms:t4": 1500 * gpus},
    }
    kinds = tuple(adds) if is_over else tuple(adds)[:-1]
    named = {GRANTED: tuple(ids), RELEASED: tuple(ids)}
    return tuple(
        Event(kind, f"{name}:allocation.{kind}", 0, nth, TENANT, adds[kind], named.get(kind, ()))
        for nth, kind in enumerate(kinds)
    )
