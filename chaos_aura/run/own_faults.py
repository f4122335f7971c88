"""The faults that this process has injected: which are held by an activity, which go on alone, how they end.

One that goes on alone is looked at each second, and once more before it is healed. Lost before that, it was not held.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from chaos_aura.core.boot import boot_id, since_boot_s
from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.lease import Lease, LeaseState
from chaos_aura.faults.engine import Engine
from chaos_aura.faults.healing import Outcome
from chaos_aura.faults.holding import proven

_LOOK_EVERY_S = 1.0


class OwnFaults:
    """`on_lost` is told of each that is lost while it goes on alone, once, with what was seen."""

    def __init__(self, engine: Engine, on_lost: Callable[[Lease, str], None] = lambda _lease, _why: None) -> None:
        self.engine = engine
        self.is_stopping = False
        self._on_lost = on_lost
        self._left: dict[str, Lease] = {}
        self._ended_here: set[str] = set()
        self._told_lost: set[str] = set()
        self._over = threading.Event()
        self._keeper: threading.Thread | None = None

    def leave(self, lease: Lease) -> None:
        """In force, and its activity over: from now on it is looked at here."""
        self._left[lease.id] = lease
        if self._keeper is None:
            self._keeper = threading.Thread(target=self._keep, name="faults that go on", daemon=True)
            self._keeper.start()

    def will_end(self, leases: Iterable[Lease]) -> None:
        """Said before it is done: whoever holds one of them may see its end before the healing returns."""
        self._ended_here.update(lease.id for lease in leases if not lease.revoked)

    def has_ended(self, lease: Lease) -> bool:
        """Whether it was this run that ended it, and nobody else."""
        return self.is_stopping or lease.id in self._ended_here

    def lost(self, leases: Sequence[Lease]) -> dict[str, str]:
        """Why, by the lease's id, of those that went on alone and are no longer in force.

        Side by side: one mechanism that does not answer must not put off the end of all.
        """
        left = [lease for lease in leases if lease.id in self._left and lease.state is LeaseState.IN_FORCE]
        with ThreadPoolExecutor(max(1, len(left))) as pool:
            reasons = pool.map(self._why_lost, left)
            return {lease.id: why for lease, why in zip(left, reasons, strict=True) if why}

    def open_ones(self) -> list[Lease]:
        return [lease for lease in self.engine.ledger.open_leases() if lease.owner == self.engine.me]

    def end_all(self) -> list[Outcome]:
        """All that this process has injected, after one last look. What was lost is told."""
        self._tell_taken()
        leases = self.open_ones()
        if leases and all(lease.state is LeaseState.STUCK and lease.id in self._ended_here for lease in leases):
            return []  # tried before: the reaper goes on trying
        if not self.is_stopping:
            for lease_id, why in self.lost(leases).items():
                self._tell_lost(next(lease for lease in leases if lease.id == lease_id), why)
        self.will_end(leases)
        return self.engine.heal_mine()

    def close(self) -> None:
        self._over.set()
        if self._keeper:
            self._keeper.join()

    def _keep(self) -> None:
        while not self._over.wait(_LOOK_EVERY_S):
            try:
                self._tell_taken()
                leases = [lease for lease in self.open_ones() if lease.id not in self._ended_here]
                for lease_id, why in self.lost(leases).items():
                    self._tell_lost(next(lease for lease in leases if lease.id == lease_id), why)
            except ChaosAuraError:  # a ledger that cannot be read now is read in a second
                continue

    def _tell_taken(self) -> None:
        """Those that somebody else has ended before their time."""
        known, boot, now_s = self.engine.ledger.leases(), boot_id(), since_boot_s()
        for lease_id, lease in list(self._left.items()):
            now = known.get(lease_id)
            is_taken = now is not None and (not now.is_open or now.revoked) and not now.has_ended(boot, now_s)
            if is_taken and not self.has_ended(lease) and lease_id not in self._told_lost:
                self._told_lost.add(lease_id)
                self._on_lost(lease, "it was ended by somebody else")

    def _tell_lost(self, lease: Lease, why: str) -> None:
        """Unless it is being ended just now: then it is no loss that it is gone."""
        current = self.engine.ledger.leases().get(lease.id)
        is_ours = current is not None and current.is_open and not current.revoked
        if lease.id in self._told_lost or self.has_ended(lease) or not is_ours:
            return
        self._told_lost.add(lease.id)
        self._on_lost(lease, why)

    def _why_lost(self, lease: Lease) -> str:
        """Empty where it was not. Raises nothing of an injector's: all is healed in any case."""
        try:
            proof = proven(self.engine, lease)
        except ChaosAuraError as cause:
            return f"{cause.where}: {cause.why}"
        is_over = lease.has_ended(boot_id(), since_boot_s())  # then it may be the reaper that has just healed it
        return "" if proof or is_over or self.engine.is_repaired(lease) else proof.seen
