"""Injects a fault so that nothing can be left of it, and ends it:

    capability, limits, conflicts, prepare, the lease on the disk, inject, proven in force ... heal, proven gone

Each step is on the timeline. Whatever fails after the lease was written is healed before the error is raised.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from chaos_aura.core.boot import boot_id, since_boot_s
from chaos_aura.core.catalogue import Target
from chaos_aura.core.errors import ChaosAuraError, LedgerUnusable, NotHealed, NotInForce, PlugInBroken
from chaos_aura.core.fault import Fault, Proof
from chaos_aura.core.lease import Lease, LeaseState, new_lease_id
from chaos_aura.faults.awaiting import await_proof
from chaos_aura.faults.border import bordered
from chaos_aura.faults.conflicts import refuse_beside, refuse_passed_by
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.guard import Guard
from chaos_aura.faults.healing import Healing, Outcome
from chaos_aura.faults.healing_all import heal_all
from chaos_aura.faults.injector import Injector
from chaos_aura.faults.ledger import Ledger
from chaos_aura.faults.limits import Limits
from chaos_aura.faults.owner import this_process
from chaos_aura.faults.place import TIMELINE
from chaos_aura.faults.plan import Plan
from chaos_aura.faults.proving import PROVEN_WITHIN_S, takes_s
from chaos_aura.faults.registry import Registry
from chaos_aura.faults.telling import Telling

_MARGIN_S = 0.5  # the owner ends it on time; the reaper when the owner does not


class Engine:
    """For one process, its threads too. `me` owns what it injects."""

    def __init__(
        self,
        ground: Ground,
        registry: Registry,
        guard: Guard,
        *,
        limits: Limits | None = None,
        timeline: Path | None = None,
        proven_within_s: float = PROVEN_WITHIN_S,
        on_step: Callable[[str], None] = lambda _: None,
    ) -> None:
        ground.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._ground = ground
        self._registry = registry
        self._guard = guard
        self._proven_within_s = proven_within_s
        self._given_limits = limits
        self._on_step = on_step
        self.ledger = Ledger(ground.folder)
        self.me = this_process()
        self._telling = Telling(timeline or ground.folder / TIMELINE)
        self._healing = Healing(self.ledger, registry, self._telling, self.me)
        self._under_way: dict[str, threading.Lock] = {}
        self._stopping = threading.Event()

    def fault(
        self, kind: str, target: str, parameters: Mapping[str, Any] | None = None, lasts_s: float | str | None = None
    ) -> Fault:
        """Read, checked for words and numbers, and with every default in its place. Texts are read as numbers are."""
        read = self._registry.kind(kind).read({} if parameters is None else parameters)
        return Fault(kind, target, read, self._limits.lasts_s(lasts_s))

    def is_momentary(self, fault: Fault) -> bool:
        """It happens once; what it struck comes back by itself."""
        return self._registry.kind(fault.kind).is_momentary(fault.parameters)

    def plan(self, fault: Fault, injector: str = "") -> Plan:
        """Everything up to `prepare`, which has no effect."""
        target, chosen = self._resolved(fault, injector)
        self._check(fault, target, chosen, self.ledger.open_leases())
        undo = bordered(chosen.name, "prepare", lambda: chosen.prepare(fault, target, new_lease_id()))
        return Plan(fault, target, chosen, undo.touches)

    def inject(self, fault: Fault, injector: str = "") -> Lease:
        """In force and proven when it returns."""
        lease_id = new_lease_id()
        self._telling.before(fault, lease_id, "fault.asked", parameters=dict(fault.parameters), lasts_s=fault.lasts_s)
        with self._injecting(lease_id):  # from before it can be read: another thread must not heal it half-way
            lease, chosen = self._intended(fault, injector, lease_id)
            return self._carried_out(lease, chosen)

    def prove(self, lease: Lease) -> Proof:
        """Whether it is still in force."""
        proof = self._observed(self._registry.named(lease.injector), lease)
        event = "fault.still_in_force" if proof else "fault.not_held"
        self._telling.of(lease, event, seen=proof.seen, facts=dict(proof.facts))
        return proof

    def is_repaired(self, lease: Lease) -> bool:
        """The system has put right itself what was hurt: an end, where the kind allows for it, and no loss."""
        injector = self._registry.named(lease.injector)
        if not self._registry.kind(lease.fault.kind).repairable:
            return False
        try:
            return bool(bordered(injector.name, "gone", lambda: injector.gone(lease.undo)))
        except ChaosAuraError:
            return False

    def heal(self, leases: Iterable[Lease]) -> list[Outcome]:
        """All of them, whatever becomes of each. Those still being injected are healed as soon as that is over."""
        chosen = list(leases)
        self._await_over(lease.id for lease in chosen)
        current = self._known(chosen)
        still_open = [each for lease in chosen if (each := current.get(lease.id, lease)).is_open]
        return heal_all(self._healing, still_open, [each for each in current.values() if each.is_open])

    def seen_gone(self, lease: Lease) -> str:
        """What whoever healed it saw, as it is written down. Empty when nobody has, or it was long ago."""
        ended = self.ledger.leases().get(lease.id)
        return ended.why if ended and not ended.is_open else ""

    def _await_over(self, lease_ids: Iterable[str]) -> None:
        """Until none of them is being injected any more."""
        for lease_id in lease_ids:
            if lock := self._under_way.get(lease_id):
                with lock:
                    pass

    def _known(self, chosen: list[Lease]) -> dict[str, Lease]:
        """A ledger that cannot be read keeps nobody from healing what he knows of."""
        try:
            return self.ledger.leases()
        except LedgerUnusable:
            return {lease.id: lease for lease in chosen}

    def heal_mine(self) -> list[Outcome]:
        """All that this process has injected. Those that are just being injected give up first."""
        self._stopping.set()
        try:
            self._await_over(list(self._under_way))
            return self.heal(lease for lease in self.ledger.open_leases() if lease.owner == self.me)
        finally:
            self._stopping.clear()

    def close(self) -> None:
        self._telling.close()

    @cached_property
    def _limits(self) -> Limits:
        """Read when the first fault is checked: a file that cannot be read keeps nobody from healing."""
        return self._given_limits or Limits.of(self._ground.home.parent)

    def _intended(self, fault: Fault, injector: str, lease_id: str) -> tuple[Lease, Injector]:
        """Written down; nothing has been touched."""
        try:
            self._refuse_when_stopping(fault)
            target, chosen = self._resolved(fault, injector)
            known = self.ledger.leases()
            self._check(fault, target, chosen, tuple(each for each in known.values() if each.is_open))
            self._guard.ready()
            self._on_step("prepare")
            lease = self._prepared(fault, target, chosen, lease_id)
            self._on_step("lease")

            def check(open_leases: tuple[Lease, ...]) -> None:
                self._check(fault, target, chosen, open_leases)
                refuse_passed_by(fault, lease.footprint, self.ledger.leases().values(), known)

            self.ledger.intend(lease, check)
        except ChaosAuraError as refused:
            self._telling.before(fault, lease_id, "fault.refused", why=str(refused))
            raise
        return lease, chosen

    def _resolved(self, fault: Fault, injector: str) -> tuple[Target, Injector]:
        target = self._ground.catalogue.target(fault.target)
        return target, self._registry.choose(fault, target, injector)

    def _check(self, fault: Fault, target: Target, injector: Injector, open_leases: tuple[Lease, ...]) -> None:
        footprint = bordered(injector.name, "footprint", lambda: injector.footprint(fault, target))
        self._limits.check_target(fault, target, self._ground.catalogue, footprint.hurts)
        self._limits.check_proving(fault, takes_s(injector, fault))
        self._limits.check_number(fault, open_leases)
        refuse_beside(fault, footprint, open_leases)

    def _prepared(self, fault: Fault, target: Target, injector: Injector, lease_id: str) -> Lease:
        undo = bordered(injector.name, "prepare", lambda: injector.prepare(fault, target, lease_id))
        footprint = bordered(injector.name, "footprint", lambda: injector.footprint(fault, target))
        lease = Lease(
            id=lease_id,
            fault=fault,
            injector=injector.name,
            footprint=footprint,
            undo=undo,
            owner=self.me,
            began_at=time.time(),
            ends_s=since_boot_s() + self._within_s(injector, fault) + fault.lasts_s + _MARGIN_S,
            timeline=str(self._telling.path),
        )
        self._telling.of(lease, "fault.prepared", touches=undo.touches)
        return lease

    def _carried_out(self, lease: Lease, injector: Injector) -> Lease:
        try:
            self._telling.of(lease, "fault.lease_written")
            self._guard.ready()  # it may have died meanwhile
            self._guard.look()
            self._refuse_revoked(lease)
            self._on_step("inject")
            bordered(injector.name, "inject", lambda: injector.inject(lease.undo))
            self._telling.of(lease, "fault.injected")
            self._on_step("prove")
            proof = self._proven(lease, injector)
            lease = self._written_in_force(lease, proof)
            self._telling.of(lease, "fault.in_force", seen=proof.seen, facts=dict(proof.facts))
            self._refuse_revoked(lease)
        except BaseException as cause:
            self._undone(lease, cause)
            raise
        return lease

    def _written_in_force(self, lease: Lease, proof: Proof) -> Lease:
        ends_s = since_boot_s() + lease.fault.lasts_s + _MARGIN_S
        try:
            return self.ledger.change(lease, LeaseState.IN_FORCE, proof.seen, ends_s=ends_s)
        except LedgerUnusable as cause:
            raise LedgerUnusable(cause.where, cause.why, f"{cause.remedy}; the fault is healed again") from cause

    def _proven(self, lease: Lease, injector: Injector) -> Proof:
        def look() -> Proof:
            self._refuse_when_stopping(lease.fault)
            return self._observed(injector, lease)

        proof = await_proof(look, self._within_s(injector, lease.fault))
        if not proof:
            raise NotInForce(
                str(lease.fault), f"was injected and could not be proven: {proof.seen}", "it is healed again"
            )
        return proof

    def _within_s(self, injector: Injector, fault: Fault) -> float:
        return self._proven_within_s + takes_s(injector, fault)

    def _observed(self, injector: Injector, lease: Lease) -> Proof:
        """What cannot be looked at is not proven."""
        try:
            return bordered(injector.name, "in_force", lambda: injector.in_force(lease.undo))
        except PlugInBroken:
            raise
        except ChaosAuraError as cause:
            return Proof(holds=False, seen=f"{cause.where}: {cause.why}")

    def _refuse_revoked(self, lease: Lease) -> None:
        """While this process was stopped or slow, the reaper or a person may have ended it."""
        self._refuse_when_stopping(lease.fault)
        now = self.ledger.leases().get(lease.id, lease)
        if now.revoked or not now.is_open:
            why = "was ended by somebody else while it was being injected"
            raise NotInForce(str(lease.fault), why, "see: chaos-aura leases --all; then inject it again")
        if lease.has_ended(boot_id(), since_boot_s()):
            raise NotInForce(str(lease.fault), "its time was over before it was in force", "let it last longer")

    def _refuse_when_stopping(self, fault: Fault) -> None:
        if self._stopping.is_set():
            raise NotInForce(str(fault), "was ended while it was being injected", "inject it again after the healing")

    def _undone(self, lease: Lease, cause: BaseException) -> None:
        self._telling.of(lease, "fault.failed", why=str(cause) or type(cause).__name__)
        with suppress(LedgerUnusable):  # then nobody else closes it while this process lives
            lease = self.ledger.change(lease, lease.state, str(cause), given_up=True)
        self._guard.look()
        outcome = self._healing.heal(lease)
        if not outcome.is_good and not isinstance(cause, KeyboardInterrupt | SystemExit):
            why = f"{cause}; and then {outcome.why}"
            raise NotHealed(str(lease.fault), why, f"run: chaos-aura heal {lease.id}") from cause

    @contextmanager
    def _injecting(self, lease_id: str) -> Iterator[None]:
        lock = self._under_way[lease_id] = threading.Lock()
        with lock:
            try:
                yield
            finally:
                del self._under_way[lease_id]
