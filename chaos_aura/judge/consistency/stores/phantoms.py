"""What a store says of an allocation that its tenant cannot have got, or has not given back."""

from collections.abc import Iterable, Iterator

from chaos_aura.judge.consistency.stores.finding import Finding, Kind
from chaos_aura.judge.consistency.stores.told import Told

GRANTED, RELEASED = "granted", "released"


def phantoms(told: Told, store: str, name: str, kind: str) -> Iterator[Finding]:
    if name not in told.asked:
        yield Finding(Kind.PHANTOM, store, name, f"is {kind} in {store}, and nobody asked for it")
    elif name not in told.may_be_granted:
        yield Finding(Kind.PHANTOM, store, name, f"is {kind} in {store}, and was refused to its tenant")
    elif kind == RELEASED and name not in told.may_be_released:
        yield Finding(Kind.PHANTOM, store, name, f"is released in {store}, and nobody gave it back")


def named(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
