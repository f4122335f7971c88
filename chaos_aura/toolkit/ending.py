"""What `heal` and `heal_all` do: end what fits, and say which of it was no longer in force."""

from contextlib import suppress

from chaoslib.exceptions import ActivityFailed

from chaos_aura.core.errors import BadInput, ChaosAuraError, NotHealed, NotInForce, StackDown
from chaos_aura.core.lease import Lease
from chaos_aura.core.outcome import RunOutcome
from chaos_aura.faults.healing import Outcome
from chaos_aura.toolkit import active, session
from chaos_aura.toolkit.border import activity
from chaos_aura.toolkit.session import Session
from chaos_aura.toolkit.told import Told


def healed(kind: str, target: str, lease: str) -> list[Told]:
    """Whatever is open and fits; an empty word fits all. All of it is healed, whatever was lost before."""
    with activity():
        current = session.current()
        fitting = _fitting(current, kind, target, lease)
        lost = current.faults.lost(fitting)
        current.faults.will_end(fitting)
        outcomes = current.engine.heal(fitting)
    failures = [failure for outcome in outcomes if (failure := _failure(outcome, lost))]
    if failures:
        _tell(failures)
        raise ActivityFailed("; ".join(map(str, failures)))
    return [{"lease": each.lease.id, **each.lease.fault.to_dict(), "gone": each.why} for each in outcomes]


def not_healed(outcome: Outcome) -> NotHealed:
    lease = outcome.lease
    by_hand = f", or by hand: {lease.undo.by_hand}" if lease.undo.by_hand else ""
    return NotHealed(str(lease.fault), outcome.why, f"run: chaos-aura heal {lease.id}{by_hand}")


def _tell(failures: list[ChaosAuraError]) -> None:
    if run := active.run():
        for each in failures:
            outcome = RunOutcome.NOT_HEALED if isinstance(each, NotHealed) else RunOutcome.NOT_HELD
            run.verdicts.against(outcome, str(each))


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


def _failure(outcome: Outcome, lost: dict[str, str]) -> ChaosAuraError | None:
    """One that somebody else has healed meanwhile has no outcome here, and was not lost."""
    if not outcome.is_good:
        return not_healed(outcome)
    if why := lost.get(outcome.lease.id):
        return NotInForce(str(outcome.lease.fault), f"was lost before it was healed: {why}", "it is healed now")
    return None
