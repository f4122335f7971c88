"""What is missing of one allocation, decided from what Temporal, Neo4j and Kafka hold. Pure.

`told` must have been asked before `kept` and `kinds` were read: what a workflow says it has written is then there to be
read, and whatever is not is really missing. The other way round, what was written in between would look missing.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

from chaos_aura.platform.allocation.orders import Store
from chaos_aura.platform.model import Allocation, Event, EventKind, State
from chaos_aura.platform.model.event import event_of_release, events_of_decision
from chaos_aura.platform.repair.told import Standing, Told
from chaos_aura.platform.stores.kept import Kept

_GRANTED = (EventKind.REQUESTED, EventKind.DECIDED, EventKind.GRANTED)
KINDS: Mapping[str, tuple[EventKind, ...]] = {
    State.GRANTED.value: _GRANTED,
    State.RELEASED.value: (*_GRANTED, EventKind.RELEASED),
    State.REFUSED.value: (EventKind.REQUESTED, EventKind.DECIDED, EventKind.REFUSED),
}
_ENDS = (State.REFUSED.value, State.RELEASED.value)
_PROGRESS = {State.PENDING.value: 0, State.GRANTED.value: 1, State.REFUSED.value: 2, State.RELEASED.value: 2}


class Fate(StrEnum):
    LOST = "lost"  # it is missing, and nobody can tell any more what it was
    CONTRADICTS = "contradicts"  # two stores say what cannot both be
    WAITS = "waits"  # the platform writes it by itself
    UNKNOWN = "unknown"  # whoever would know did not answer


@dataclass(frozen=True, slots=True)
class Item:
    """Item("r-1", Store.KAFKA, "event granted", "released", "Kafka holds requested, decided", EventKind.GRANTED)"""

    allocation: str
    store: Store
    missing: str
    state: str
    why: str
    kind: EventKind | None = None
    out_of_order: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """What is not repaired. `store` is whose it is, or who would know."""

    allocation: str
    store: str
    fate: Fate
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """`allocation` is what is to be written; None where there is nothing to write."""

    allocation: Allocation | None = None
    items: tuple[Item, ...] = ()
    left: tuple[Left, ...] = ()


def may_lack(kept: Kept | None, kinds: AbstractSet[EventKind], *, is_running: bool) -> bool:
    """False where both stores tell the same whole story: then Temporal need not be asked."""
    return not _is_whole(kept, kinds, (*_ENDS, State.GRANTED.value) if is_running else _ENDS)


def plan_of(told: Told, kept: Kept | None, kinds: AbstractSet[EventKind]) -> Plan:
    match told.standing:
        case Standing.SILENT:
            return Plan(left=(Left(told.allocation_id, "temporal", Fate.UNKNOWN, told.why),))
        case Standing.BROKEN | Standing.NOT_FOUND:
            is_lost = not _is_whole(kept, kinds, _ENDS)
            return Plan(left=(_lost(told, kept, kinds),) if is_lost else ())
    if told.allocation is None or told.allocation.state is State.PENDING:
        return Plan()
    found = (*_in_neo4j(told, told.allocation, kept), *_in_kafka(told, told.allocation, kinds))
    items = tuple(each for each in found if isinstance(each, Item))
    left = tuple(dict.fromkeys(each for each in found if isinstance(each, Left)))
    return Plan(told.allocation if items else None, items, left)


def events_to_write(plan: Plan) -> tuple[Event, ...]:
    """In the order in which they should stand."""
    if plan.allocation is None:
        return ()
    wanted = {item.kind for item in plan.items if item.kind}
    return tuple(event for event in _events_of(plan.allocation) if event.kind in wanted)


def _is_whole(kept: Kept | None, kinds: AbstractSet[EventKind], states: tuple[str, ...]) -> bool:
    return kept is not None and kept.has_decision and kept.state in states and kinds == set(KINDS[kept.state])


def _lost(told: Told, kept: Kept | None, kinds: AbstractSet[EventKind]) -> Left:
    if told.standing is Standing.NOT_FOUND and kept is None and not kinds:
        return Left(told.allocation_id, "temporal", Fate.UNKNOWN, f"{told.why}, and no store holds anything of it")
    holds = f"Neo4j holds {_said_of(kept)}, Kafka {_said(kinds)}"
    return Left(told.allocation_id, "temporal", Fate.LOST, f"{told.why}, so nobody can tell what is missing: {holds}")


def _in_neo4j(told: Told, allocation: Allocation, kept: Kept | None) -> Iterator[Item | Left]:
    if not (missing := _missing_in_neo4j(allocation, kept)):
        return
    why = f"Neo4j holds {_said_of(kept)}"
    if _contradicts(allocation, kept):
        yield Left(told.allocation_id, Store.NEO4J, Fate.CONTRADICTS, _differ(allocation, why))
    elif Store.NEO4J in told.unwritten:
        yield _waiting(told, Store.NEO4J)
    else:
        yield Item(told.allocation_id, Store.NEO4J, missing, allocation.state.value, why)


def _missing_in_neo4j(allocation: Allocation, kept: Kept | None) -> str:
    if kept is None or not kept.has_decision:
        return "decision"
    is_behind = _PROGRESS.get(kept.state, -1) < _PROGRESS[allocation.state.value]
    return f"state {allocation.state.value}" if is_behind or _contradicts(allocation, kept) else ""


def _contradicts(allocation: Allocation, kept: Kept | None) -> bool:
    """What is further on than was told has gone on meanwhile; but who was refused was never granted anything."""
    if kept is None:
        return False
    was_refused, is_refused = kept.state == State.REFUSED.value, allocation.state is State.REFUSED
    is_decided = kept.state != State.PENDING.value
    return kept.state not in _PROGRESS or (is_decided and was_refused is not is_refused)


def _in_kafka(told: Told, allocation: Allocation, kinds: AbstractSet[EventKind]) -> Iterator[Item | Left]:
    expected = KINDS[allocation.state.value]
    missing = [kind for kind in expected if kind not in kinds]
    why = f"Kafka holds {_said(kinds)}"
    if kinds & _against(allocation):
        yield Left(told.allocation_id, Store.KAFKA, Fate.CONTRADICTS, _differ(allocation, why))
    elif missing and Store.KAFKA in told.unwritten:
        yield _waiting(told, Store.KAFKA)
    else:
        for kind in missing:
            later = [_short(each) for each in expected[expected.index(kind) + 1 :] if each in kinds]
            order = f"; it will stand after {', '.join(later)}, out of order" if later else ""
            yield Item(
                told.allocation_id, Store.KAFKA, f"event {_short(kind)}", allocation.state.value, why + order, kind,
                out_of_order=bool(later),
            )  # fmt: skip


def _against(allocation: Allocation) -> AbstractSet[EventKind]:
    """The same for events."""
    if allocation.state is State.REFUSED:
        return {EventKind.GRANTED, EventKind.RELEASED}
    return {EventKind.REFUSED}


def _events_of(allocation: Allocation) -> tuple[Event, ...]:
    told = events_of_decision(allocation)
    return (*told, event_of_release(allocation)) if allocation.state is State.RELEASED else told


def _waiting(told: Told, store: Store) -> Left:
    return Left(told.allocation_id, store, Fate.WAITS, "its workflow runs and is still writing it by itself")


def _differ(allocation: Allocation, holds: str) -> str:
    return f"Temporal says {allocation.state.value}, {holds}: nothing is overwritten"


def _said_of(kept: Kept | None) -> str:
    if kept is None:
        return "nothing"
    return kept.state if kept.has_decision else f"{kept.state} without its decision"


def _said(kinds: AbstractSet[EventKind]) -> str:
    return ", ".join(_short(kind) for kind in EventKind if kind in kinds) or "no event"


def _short(kind: EventKind) -> str:
    return kind.value.rpartition(".")[2]
