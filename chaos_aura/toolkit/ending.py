"""What `heal` and `heal_all` do: end what fits, and say which of it was no longer in force."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from chaoslib.exceptions import ActivityFailed

from chaos_aura.core.boot import boot_id, since_boot_s
from chaos_aura.core.errors import BadInput, ChaosAuraError, NotHealed, NotInForce, StackDown
from chaos_aura.core.lease import Lease, LeaseState
from chaos_aura.faults.engine import Engine
from chaos_aura.faults.healing import Outcome
from chaos_aura.toolkit import session
from chaos_aura.toolkit.border import activity
from chaos_aura.toolkit.session import Session
from chaos_aura.toolkit.told import Told


def healed(kind: str, target: str, lease: str) -> list[Told]:
    """Whatever is open and fits; an empty word fits all. All of it is healed, whatever was lost before."""
    with activity():
        current = session.current()
        fitting = _fitting(current, kind, target, lease)
        lost = _lost(current.engine, fitting)
        session.will_end(fitting)
        outcomes = current.engine.heal(fitting)
    if bad := [failure for outcome in outcomes if (failure := _failure(outcome, lost))]:
        raise ActivityFailed("; ".join(map(str, bad)))
    return [{"lease": each.lease.id, **each.lease.fault.to_dict(), "gone": each.why} for each in outcomes]


def not_healed(outcome: Outcome) -> NotHealed:
    lease = outcome.lease
    by_hand = f", or by hand: {lease.undo.by_hand}" if lease.undo.by_hand else ""
    return NotHealed(str(lease.fault), outcome.why, f"run: chaos-aura heal {lease.id}{by_hand}")


def _fitting(current: Session, kind: str, target: str, lease: str) -> list[Lease]:
    """A word that fits nothing must at least be one: a misspelt one would end nothing, for ever."""
    known = current.engine.ledger.leases()
    if kind and kind not in {each.fault.kind for each in known.values()}:
        current.registry.kind(kind)
    if target and target not in {each.fault.target for each in known.values()}:
        with suppress(StackDown):
            current.ground.catalogue.target(target)
    if lease and lease not in known:
        are_open = ", ".join(each.id for each in known.values() if each.is_open) or "none"
        raise BadInput(lease, "is no lease that is open or was healed lately", f"open are: {are_open}")
    return [
        each
        for each in known.values()
        if each.is_open
        and kind in ("", each.fault.kind)
        and target in ("", each.fault.target)
        and lease in ("", each.id)
    ]


def _lost(engine: Engine, leases: list[Lease]) -> dict[str, str]:
    """Why, by the lease's id. Nobody has looked at a fault without a duration since it was proven in force.

    Side by side: one mechanism that does not answer must not put off the end of all.
    """
    left = [lease for lease in leases if session.has_left(lease) and lease.state is LeaseState.IN_FORCE]
    with ThreadPoolExecutor(max(1, len(left))) as pool:
        reasons = pool.map(lambda lease: _why_lost(engine, lease), left)
        return {lease.id: why for lease, why in zip(left, reasons, strict=True) if why}


def _why_lost(engine: Engine, lease: Lease) -> str:
    """Empty where it was not. Raises nothing of an injector's: all is healed in any case."""
    try:
        proof = engine.prove(lease)
    except ChaosAuraError as cause:
        return f"{cause.where}: {cause.why}"
    is_over = lease.has_ended(boot_id(), since_boot_s())  # then it may be the reaper that has just healed it
    return "" if proof or is_over or engine.is_repaired(lease) else proof.seen


def _failure(outcome: Outcome, lost: dict[str, str]) -> ChaosAuraError | None:
    """One that somebody else has healed meanwhile has no outcome here, and was not lost."""
    if not outcome.is_good:
        return not_healed(outcome)
    if why := lost.get(outcome.lease.id):
        return NotInForce(str(outcome.lease.fault), f"was lost before it was healed: {why}", "it is healed now")
    return None
