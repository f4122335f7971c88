"""Events on Kafka beside what tenants were told: there, once, and in an order in which it can have happened.

Order is by first occurrence: the same event again is legal, wherever it comes.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from chaos_aura.judge.consistency.stores.finding import Finding, Kind
from chaos_aura.judge.consistency.stores.phantoms import GRANTED, RELEASED, named, phantoms
from chaos_aura.judge.consistency.stores.told import Told
from chaos_aura.record.rows import KAFKA, UNREADABLE, Event

_STORY = {"requested": 0, "decided": 1, GRANTED: 2, "refused": 2, RELEASED: 3}
_OF_GRANT = ("requested", "decided", GRANTED)


def of_kafka(told: Told, events: Mapping[str, Sequence[Event]]) -> Iterator[Finding]:
    for name in told.granted:
        yield from _lost(name, events.get(name, ()), _OF_GRANT, GRANTED)
    for name in told.released:
        yield from _lost(name, events.get(name, ()), (RELEASED,), RELEASED)
    for name, found in events.items():
        yield from _of_one(told, name, found)


def _lost(name: str, found: Sequence[Event], wanted: Sequence[str], was: str) -> Iterator[Finding]:
    there = {event.kind for event in found}
    if lacking := [kind for kind in wanted if kind not in there]:
        what = "event of it" if len(lacking) == len(wanted) and not there else f"event `{'`, `'.join(lacking)}` of it"
        yield Finding(Kind.LOST, KAFKA, name, f"was {was}, and Kafka has no {what}")


def _of_one(told: Told, name: str, all_found: Sequence[Event]) -> Iterator[Finding]:
    """What nobody can read is there for nobody."""
    ids: dict[str, set[str]] = defaultdict(set)
    found = [event for event in all_found if event.kind != UNREADABLE]
    for event in found:
        ids[event.kind].add(event.id)
    yield from _of_others(told, name, found)
    for kind, different in ids.items():
        if len(different) > 1:
            yield Finding(Kind.DOUBLED, KAFKA, name, f"has {len(different)} events `{kind}`: {named(different)}")
        if kind in (GRANTED, RELEASED):
            yield from phantoms(told, KAFKA, name, kind)
    if found and name not in told.asked and not ids.keys() & {GRANTED, RELEASED}:
        yield Finding(Kind.PHANTOM, KAFKA, name, "is in Kafka, and nobody asked for it")
    order = [kind for kind in ids if kind in _STORY]  # as each came first
    for before, after in pairwise(order):
        if _STORY[before] > _STORY[after]:
            yield Finding(Kind.REORDERED, KAFKA, name, f"has `{before}` before `{after}` in Kafka")
    if ids.keys() >= {GRANTED, "refused"}:
        yield Finding(Kind.DISAGREEING, KAFKA, name, "is both granted and refused in Kafka")


def _of_others(told: Told, name: str, found: Sequence[Event]) -> Iterator[Finding]:
    """Told of another tenant, or with GPUs that it did not get: the first that is."""
    tenant, gpus = told.tenants.get(name), told.granted.get(name)
    for event in found:
        if tenant is not None and event.tenant != tenant:
            why = f"was asked for by {tenant}, and `{event.kind}` in Kafka says by {event.tenant}"
            yield Finding(Kind.DISAGREEING, KAFKA, name, why)
            return
        if gpus is not None and event.kind in (GRANTED, RELEASED) and frozenset(event.gpu_ids) != gpus:
            why = f"got {named(gpus)}, and `{event.kind}` in Kafka says {named(event.gpu_ids)}"
            yield Finding(Kind.DISAGREEING, KAFKA, name, why)
            return
