"""What every action does: injects, holds as long as it was told, heals, and says what was seen."""

from typing import Any, NamedTuple

from chaoslib.exceptions import InterruptExecution

from chaos_aura.core.errors import ChaosAuraError, NotHealed
from chaos_aura.core.fault import Fault
from chaos_aura.core.lease import Lease
from chaos_aura.core.outcome import RunOutcome
from chaos_aura.faults.engine import Engine
from chaos_aura.faults.holding import hold, refuse_cut_short
from chaos_aura.faults.leftovers import await_end_of_leftovers
from chaos_aura.run.run import Run
from chaos_aura.run.standing import Phase
from chaos_aura.toolkit import active, session
from chaos_aura.toolkit.border import activity
from chaos_aura.toolkit.ending import not_healed
from chaos_aura.toolkit.session import Session
from chaos_aura.toolkit.told import Told


class Asked(NamedTuple):
    kind: str
    target: str
    duration: float
    injector: str
    parameters: dict[str, Any]


def injected(kind: str, target: str, duration: float, injector: str, parameters: dict[str, Any]) -> Told:
    """With a duration it returns when the fault is gone again, with 0 as soon as it is in force."""
    run = active.required()
    with activity():
        current, lease, fault = _in_force(run, Asked(kind, target, duration, injector, parameters))
        told = {"lease": lease.id, **fault.to_dict(), "injector": lease.injector, "in_force": lease.why}
        if not duration and not current.engine.is_momentary(fault):
            current.faults.leave(lease)
            return told
        return {**told, **_ended(run, current, lease, fault)}


def _in_force(run: Run, asked: Asked) -> tuple[Session, Lease, Fault]:
    try:
        current = session.current()
        if current.faults.is_stopping or run.is_stopping:  # it may have waited in the background
            raise InterruptExecution("the run is being stopped")
        fault = current.engine.fault(asked.kind, asked.target, asked.parameters, asked.duration or None)
        run.enter(Phase.FAULT)
        await_end_of_leftovers(current.engine.ledger)
        lease = current.engine.inject(fault, asked.injector)
        if current.engine.is_momentary(fault):
            run.momentary.add(lease.id)
        return current, lease, fault
    except ChaosAuraError as cause:
        outcome = RunOutcome.NOT_HEALED if isinstance(cause, NotHealed) else RunOutcome.NOT_INJECTED
        run.verdicts.against(outcome, str(cause))
        raise


def _ended(run: Run, current: Session, lease: Lease, fault: Fault) -> Told:
    if current.engine.is_momentary(fault):
        return _gone(run, current.engine, lease)
    try:
        held = hold(current.engine, lease, fault.lasts_s)
        was_us = current.faults.has_ended(lease)
    except BaseException:
        current.engine.heal([lease])
        raise
    told = {"held_s": held.for_s, "ended_by": held.ended_by, "repaired": held.repaired}
    told |= _gone(run, current.engine, lease)
    if not was_us:
        try:
            refuse_cut_short(lease, held)
        except ChaosAuraError as cause:
            run.verdicts.against(RunOutcome.NOT_HELD, str(cause))
            raise
    return told


def _gone(run: Run, engine: Engine, lease: Lease) -> Told:
    for outcome in engine.heal([lease]):
        if not outcome.is_good:
            failure = not_healed(outcome)
            run.verdicts.against(RunOutcome.NOT_HEALED, str(failure))
            raise failure
        return {"gone": outcome.why}
    return {"gone": engine.seen_gone(lease)}
