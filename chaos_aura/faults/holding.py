"""Keeps a fault in force for its time, and proves all the while that it is."""

import time
from dataclasses import dataclass

from chaos_aura.core.boot import boot_id, since_boot_s
from chaos_aura.core.lease import Lease
from chaos_aura.faults.engine import Engine

_LOOK_EVERY_S = 0.1
_PROVE_EVERY_S = 1.0
_LONGEST_PROOF_S = 5.0  # what an injector may take


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
    """Until its time is up, somebody heals it, or it is lost. It is proven once more when its time is up."""
    began_s = looked_s = time.monotonic()
    ends_s, lost = began_s + for_s, ""
    while not lost and (now_s := time.monotonic()) < ends_s and _is_open(engine, lease):
        time.sleep(min(_LOOK_EVERY_S, ends_s - now_s))
        now_s = time.monotonic()
        if now_s >= min(looked_s + _PROVE_EVERY_S, ends_s):
            looked_s, lost = now_s, _lost(engine, lease)
    held_s = time.monotonic() - began_s
    if lease.has_ended(boot_id(), since_boot_s()) and looked_s >= ends_s - _LONGEST_PROOF_S:
        return Held(held_s)  # the reaper ends it on time, perhaps while it is looked at: the look before that counts
    if held_s >= for_s and not lost:
        return Held(held_s)
    if not _is_open(engine, lease):
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
