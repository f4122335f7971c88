"""What every action does: injects, holds as long as it was told, heals, and says what was seen."""

from typing import Any

from chaos_aura.core.fault import Fault
from chaos_aura.core.lease import Lease
from chaos_aura.faults.engine import Engine
from chaos_aura.faults.holding import hold, refuse_cut_short
from chaos_aura.faults.leftovers import await_end_of_leftovers
from chaos_aura.toolkit import session
from chaos_aura.toolkit.border import activity
from chaos_aura.toolkit.ending import not_healed
from chaos_aura.toolkit.told import Told


def injected(kind: str, target: str, duration: float, injector: str, parameters: dict[str, Any]) -> Told:
    """With a duration it returns when the fault is gone again, with 0 as soon as it is in force."""
    with activity():
        engine = session.engine()
        fault = engine.fault(kind, target, parameters, duration or None)
        await_end_of_leftovers(engine.ledger)
        lease = engine.inject(fault, injector)
        told = {"lease": lease.id, **fault.to_dict(), "injector": lease.injector, "in_force": lease.why}
        if not duration and not engine.is_momentary(fault):
            session.leave(lease)
            return told
        return {**told, **_ended(engine, lease, fault)}


def _ended(engine: Engine, lease: Lease, fault: Fault) -> Told:
    if engine.is_momentary(fault):
        return _gone(engine, lease)
    try:
        held = hold(engine, lease, fault.lasts_s)
        was_us = session.has_ended(lease)
    except BaseException:
        engine.heal([lease])
        raise
    told = {"held_s": held.for_s, "ended_by": held.ended_by, "repaired": held.repaired, **_gone(engine, lease)}
    if not was_us:
        refuse_cut_short(lease, held)
    return told


def _gone(engine: Engine, lease: Lease) -> Told:
    for outcome in engine.heal([lease]):
        if not outcome.is_good:
            raise not_healed(outcome)
        return {"gone": outcome.why}
    return {"gone": engine.seen_gone(lease)}
