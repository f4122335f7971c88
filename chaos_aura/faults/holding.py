"""Keeps a fault in force for its time, and proves all the while that it is."""

import time
from dataclasses import dataclass

from chaos_aura.core.lease import Lease
from chaos_aura.faults.engine import Engine

_LOOK_EVERY_S = 0.1
_PROVE_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Held:
    """`lost`: why it was not in force to the end, if so. `ended_by`: what ended it before its time, if anything did.

    `repaired`: the system itself has put it right before its time, which is what it is for.
    """

    for_s: float
    lost: str = ""
    ended_by: str = ""
    repaired: str = ""


def hold(engine: Engine, lease: Lease, for_s: float) -> Held:
    """Until its time is up, somebody heals it, or it is lost. It is proven just before it returns."""
    began_s = time.monotonic()
    prove_s = began_s + _PROVE_EVERY_S
    while (now_s := time.monotonic()) < began_s + for_s:
        time.sleep(min(_LOOK_EVERY_S, began_s + for_s - now_s))
        if not _is_open(engine, lease):
            return Held(time.monotonic() - began_s, ended_by="it was healed by somebody else")
        if time.monotonic() >= prove_s:
            prove_s = time.monotonic() + _PROVE_EVERY_S
            if lost := _lost(engine, lease):
                break
    else:
        lost = _lost(engine, lease)
    held_s = time.monotonic() - began_s
    if lost and not _is_open(engine, lease):  # healed between the look and the proof
        return Held(held_s, ended_by="it was healed by somebody else")
    if lost and engine.is_repaired(lease):
        return Held(held_s, repaired=f"the system has repaired it: {lost}")
    return Held(held_s, lost)


def _lost(engine: Engine, lease: Lease) -> str:
    proof = engine.prove(lease)
    return "" if proof else proof.seen


def _is_open(engine: Engine, lease: Lease) -> bool:
    current = engine.ledger.leases().get(lease.id)
    return current is not None and current.is_open and not current.revoked
