"""Ends faults: heals, proves gone, writes it down. For the owner, the reaper's healer and anybody else alike.

Of a fault that was never proven in force, a request may still be under way: from an owner that died, or that had no
answer. So it is proven gone again and again for the injector's `settle_s`. An owner that lives, stopped or slow, may
even be about to inject: as long as it does, nobody else closes such a lease, they only heal it.

Several may end the same one at once: its owner, and the reaper that found it late. Once its lease is closed the next
fault may be just like it, so whoever is late must not heal again: that would undo a stranger's fault.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from chaos_aura.core.boot import boot_id, since_boot_s
from chaos_aura.core.errors import ChaosAuraError, LedgerUnusable
from chaos_aura.core.fault import Proof
from chaos_aura.core.lease import Lease, LeaseState, Owner
from chaos_aura.faults.border import in_a_line, is_told_exit
from chaos_aura.faults.injector import Injector
from chaos_aura.faults.ledger import Ledger
from chaos_aura.faults.registry import Registry
from chaos_aura.faults.telling import Telling

GIVES_UP_AFTER_S = 5.0
_FIRST_WAIT_S = 0.002
_LONGEST_WAIT_S = 0.1
_SETTLING_EVERY_S = 0.02
_ENDING_S = 2.0  # for an owner that ends it on time, before the reaper does


class Ending(StrEnum):
    HEALED = "healed"
    GUARDED = "guarded"  # gone now, but its owner lives and could still inject it
    WAITING = "waiting"  # for another lease to be healed first
    STUCK = "stuck"


@dataclass(frozen=True, slots=True)
class Outcome:
    lease: Lease
    ending: Ending
    why: str
    took_s: float = 0.0

    @property
    def is_good(self) -> bool:
        return self.ending is Ending.HEALED


class Healing:
    def __init__(
        self,
        ledger: Ledger,
        registry: Registry,
        telling: Telling,
        me: Owner,
        *,
        gives_up_after_s: float = GIVES_UP_AFTER_S,
        on_end: Callable[["Outcome"], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ledger = ledger
        self._registry = registry
        self._telling = telling
        self._me = me
        self._gives_up_after_s = gives_up_after_s
        self._clock = clock
        self._on_end = on_end

    def heal(self, lease: Lease) -> Outcome:
        """Raises nothing, unless a signal asks to exit: what went wrong is in the outcome, and in the ledger as far as
        that can be written."""
        began_s = self._clock()
        self._telling.of(lease, "fault.heal_began", by=str(self._me))
        try:
            ending, why = self._end(lease)
        except ChaosAuraError as cause:
            ending, why = Ending.STUCK, f"{cause.where}: {cause.why}"
        except (Exception, SystemExit) as cause:  # the border to a stranger's code: one failure stops no other
            if is_told_exit(cause):
                raise
            ending, why = Ending.STUCK, f"{lease.injector} failed ({in_a_line(cause)})"
        took_s = self._clock() - began_s
        closed = self._closed(lease)  # then somebody else has told so, and has written it down
        if closed:
            outcome = Outcome(closed, Ending.HEALED, closed.why, took_s)
        else:
            outcome = self._written(Outcome(lease, ending, why, took_s))
        self._on_end(outcome)
        return outcome

    def _end(self, lease: Lease) -> tuple[Ending, str]:
        injector = self._registry.named(lease.injector)
        may_come = not lease.was_in_force
        may_begin = may_come and lease.owner != self._me and not lease.given_up
        if may_begin and not lease.revoked:
            lease = self._revoked(lease)
        if lease.owner == self._me:
            lease = self._with_time_to_end(lease)
        # What it did until its death may take effect for the settling time.
        owner_lived = lease.owner.is_alive(boot_id())
        proof = self._until_gone(injector, lease, injector.settle_s if may_come else 0.0)
        if not proof:
            return Ending.STUCK, proof.seen
        if may_begin and owner_lived:
            return Ending.GUARDED, f"{proof.seen}; its owner, process {lease.owner}, lives and could still inject it"
        return Ending.HEALED, proof.seen

    def _revoked(self, lease: Lease) -> Lease:
        """So that an owner that wakes up knows. Healing does not depend on its being written."""
        try:
            return self._ledger.change(lease, lease.state, lease.why, revoked=True)
        except LedgerUnusable:
            return lease

    def _with_time_to_end(self, lease: Lease) -> Lease:
        """The reaper is not to begin as well just because healing takes a moment; soon enough if this process stops."""
        ends_s = since_boot_s() + _ENDING_S
        if lease.state is not LeaseState.IN_FORCE or lease.ends_s >= ends_s:
            return lease
        try:
            return self._ledger.change(lease, lease.state, lease.why, ends_s=ends_s)
        except LedgerUnusable:
            return lease

    def _closed(self, lease: Lease) -> Lease | None:
        """As somebody else has closed it; None when nobody has, or when nobody can tell.

        What this process could still inject when it was closed may have come after that: it is healed all the same.
        """
        try:
            known = self._ledger.leases().get(lease.id, lease)
        except LedgerUnusable:
            return None
        may_have_come = known.owner == self._me and not (known.was_in_force or known.given_up)
        return None if known.is_open or may_have_come else known

    def _until_gone(self, injector: Injector, lease: Lease, settle_s: float) -> Proof:
        """Gone at every look for as long as `settle_s`. What is not gone, and what does not answer, begins it anew."""
        deadline_s = self._clock() + self._gives_up_after_s
        wait_s, gone_since_s = _FIRST_WAIT_S, None
        while True:
            proof = self._healed_once(injector, lease, looks_only=gone_since_s is not None)
            now_s = self._clock()
            if proof:
                gone_since_s = now_s if gone_since_s is None else gone_since_s
                if now_s - gone_since_s >= settle_s:
                    return proof
                wait_s = _SETTLING_EVERY_S
            else:
                gone_since_s = None
                if now_s >= deadline_s:
                    return proof
            time.sleep(wait_s)
            wait_s = min(wait_s * 2, _LONGEST_WAIT_S)

    def _healed_once(self, injector: Injector, lease: Lease, *, looks_only: bool) -> Proof:
        try:
            if looks_only:
                proof = injector.gone(lease.undo)
                if proof:
                    return proof
            if closed := self._closed(lease):
                return Proof(True, closed.why)
            injector.heal(lease.undo)
            return injector.gone(lease.undo)
        except ChaosAuraError as cause:
            return Proof(holds=False, seen=f"{cause.where}: {cause.why}")

    def postponed(self, lease: Lease, why: str) -> Outcome:
        """Revoked, so that the reaper ends it as soon as it can."""
        return Outcome(lease if lease.revoked else self._revoked(lease), Ending.WAITING, why)

    def _written(self, outcome: Outcome) -> Outcome:
        """One whose end cannot be written down is found open by the next who looks, and healed again."""
        lease, ending, why = outcome.lease, outcome.ending, outcome.why
        self._telling.of(lease, f"fault.{ending.value}", by=str(self._me), seen=why, took_s=outcome.took_s)
        states = {Ending.HEALED: LeaseState.HEALED, Ending.STUCK: LeaseState.STUCK}
        state = states.get(ending, lease.state)
        if (state, why) == (lease.state, lease.why):
            return outcome
        try:
            return Outcome(self._ledger.change(lease, state, why), ending, why, outcome.took_s)
        except LedgerUnusable as cause:
            return Outcome(lease, ending, f"{why}; but {cause.why}", outcome.took_s)
