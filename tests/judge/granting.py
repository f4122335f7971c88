"""Operations as a load records them, in seconds since nothing, and stores that hold exactly them."""

from collections.abc import Iterable, Sequence
from typing import Any

from chaos_aura.core.operation import ALLOCATE, RELEASE, Operation, Outcome
from chaos_aura.judge.agreement import GRANTED, RELEASED
from chaos_aura.record.stores import Pool, Recorded, Stores

S = 1_000_000_000
TAG = "tag"


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
    asked = {"request_id": request}
    op = f"{what}-{request}-{began_s}"
    return Operation(op, what, "t", at(began_s), at(began_s), ended_ns, outcome, asked, told)


def allocated(request: str, began_s: float, ended_s: float, *gpus: str) -> Operation:
    return operation(ALLOCATE, request, began_s, ended_s, Outcome.OK, gpus=gpus)


def released(request: str, began_s: float, ended_s: float | None, outcome: Outcome | None = Outcome.OK) -> Operation:
    return operation(RELEASE, request, began_s, ended_s, outcome)


def sound_stores(operations: Iterable[Operation], total: int = 1000) -> Stores:
    """What a platform that makes no mistake would hold: of what nobody knows, nothing was done."""
    seen = list(operations)
    gpus = {each.request_id: each.gpu_ids for each in seen if each.what == ALLOCATE and each.outcome is Outcome.OK}
    over = {each.request_id for each in seen if each.what == RELEASE and each.outcome is Outcome.OK}
    held = {name: ids for name, ids in gpus.items() if name not in over}
    free = total - sum(map(len, held.values()))
    return Stores(
        pool=Pool({"t4": total}, {"t4": free}, held),
        neo4j={name: Recorded(1, RELEASED if name in over else GRANTED, ids) for name, ids in gpus.items()},
        kafka={name: _events(name, name in over) for name in gpus},
    )


def _events(name: str, is_over: bool) -> dict[str, tuple[str, ...]]:
    kinds = ("requested", "decided", GRANTED, RELEASED) if is_over else ("requested", "decided", GRANTED)
    return {kind: (f"{name}:allocation.{kind}",) for kind in kinds}
