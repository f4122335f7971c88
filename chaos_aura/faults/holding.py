"""Keeps a fault in force for its time, and proves all the while that it is."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from chaos_aura.core.boot import boot_id, since_boot_s
from chaos_aura.core.errors import NotInForce
from chaos_aura.core.fault import Proof
from chaos_aura.core.lease import Lease
from chaos_aura.faults.engine import Engine

_LOOK_EVERY_S = 0.1
_PROVE_EVERY_S = 1.0
_LONGEST_PROOF_S = 5.0  # what an injector may take
_UNSEEN_S = _PROVE_EVERY_S + _LONGEST_PROOF_S  # at most between the last look that saw it and its end
_UNLOOKED_S = 2 * _PROVE_EVERY_S + _LOOK_EVERY_S  # the same where none went on at its end: this process was late


@dataclass(frozen=True, slots=True)
class Held:
    """`lost`: why it was not in force to the end, if so. `ended_by`: what ended it before its time, if anything did.

    `repaired`: the system itself has put it right before its time, which is what it is for.
    """

    for_s: float
    lost: str = ""
    ended_by: str = ""
    repaired: str = ""


def hold(engine: Engine, lease: Lease, for_s: float, clock: Callable[[], float] = since_boot_s) -> Held:
    """Until its time is up, somebody heals it, or it is lost. It is proven once more when its time is up.

    The reaper ends it on time, perhaps while that last look takes place, or before it where this process waits for a
    processor: then the look before it counts. It does not where nobody has looked for long, as when this process was
    stopped. The clock counts from boot, as leases do.
    """
    began_s = looked_s = seen_s = told_s = clock()
    ends_s, lost, was_due = began_s + for_s, "", True
    while not lost and (now_s := clock()) < ends_s and _is_open(engine, lease):
        time.sleep(min(_LOOK_EVERY_S, ends_s - now_s))
        now_s = clock()
        if now_s >= min(looked_s + _PROVE_EVERY_S, ends_s):
            looked_s, was_due = now_s, not _is_over(lease, clock())
            lost, told_s = _lost(engine, lease), clock()
            seen_s = seen_s if lost else looked_s
    held_s = clock() - began_s
    is_over = _is_over(lease, clock())
    was_looking = told_s >= ends_s
    unseen_s = _UNSEEN_S if was_looking and was_due else _UNLOOKED_S
    if held_s >= for_s and seen_s >= ends_s - unseen_s and (not lost or (was_looking and is_over)):
        return Held(held_s)
    if is_over:
        return Held(held_s, ended_by=f"nobody had looked for the last {ends_s - seen_s:.1f} s of it")
    if not _is_open(engine, lease):
        return Held(held_s, ended_by="it was healed by somebody else")
    if lost and engine.is_repaired(lease):
        return Held(held_s, repaired=f"the system has repaired it: {lost}")
    return Held(held_s, lost)


def refuse_cut_short(lease: Lease, held: Held) -> None:
    """NotInForce when it was not in force for as long as it should be."""
    if held.ended_by:
        why = f"ended after {held.for_s:.1f} s: {held.ended_by}"
        raise NotInForce(str(lease.fault), why, f"what became of it is in {lease.timeline}; inject it again")
    if held.lost:
        raise NotInForce(str(lease.fault), f"was lost after {held.for_s:.1f} s: {held.lost}", "it is healed now")


def _is_over(lease: Lease, now_s: float) -> bool:
    """Its time is up, with what the owner is given to end it."""
    return lease.has_ended(boot_id(), now_s)


def proven(engine: Engine, lease: Lease) -> Proof:
    """What is lost two looks do not see: on a busy machine one may come too late for what it waits for."""
    proof = engine.prove(lease)
    return proof if proof or not _is_open(engine, lease) else engine.prove(lease)


def _lost(engine: Engine, lease: Lease) -> str:
    proof = proven(engine, lease)
    return "" if proof else proof.seen


def _is_open(engine: Engine, lease: Lease) -> bool:
    current = engine.ledger.leases().get(lease.id)
    return current is not None and current.is_open and not current.revoked
