"""Hurts edges through the stack's Toxiproxy, proves it there and through the edge, and takes back only what is ours."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import Target
from chaos_aura.core.errors import ChaosAuraError, LedgerUnusable, TargetUnfit
from chaos_aura.core.fault import Capability, Fault, Footprint, Proof, Undo, no
from chaos_aura.core.process import ProcessId
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.ledger import Ledger
from chaos_aura.supervision.state import ChildState
from injectors.packages import are_installed
from injectors.refusal import refuse_unless
from injectors.toxiproxy import proving
from injectors.toxiproxy.aim import can_be_aimed
from injectors.toxiproxy.applying import free, hurt
from injectors.toxiproxy.contained import name_of, refuse_strange, refuse_to_end
from injectors.toxiproxy.deadlock import LATER, SOON, Patience, await_successor, is_deadlocked, kill
from injectors.toxiproxy.fitness import plan_for
from injectors.toxiproxy.mixture import can_be_made
from injectors.toxiproxy.plan import EdgePlan, Plan
from injectors.toxiproxy.reach import SERVER, can_reach, edges_of
from injectors.toxiproxy.side_by_side import failures, side_by_side
from injectors.toxiproxy.telling import remedy, touched, written
from injectors.toxiproxy.unanswered import Unanswered

if TYPE_CHECKING:
    from injectors.toxiproxy.adapter import Server

_HEALS_WITHIN_S = 4.5
# One that was stopped and goes on is asked again soon; a deadlock often comes with what waited for it meanwhile.
_TRIES, _LAST_TAKES_S = 5, 2.5
_PACKAGES = ("toxiproxy",)
_NOTHING_PASSES = frozenset({"partition", "blackhole", "reset", "limit_data"})


class ToxiproxyInjector:
    name: ClassVar[str] = "toxiproxy"
    kinds: ClassVar[frozenset[str]] = frozenset(
        {"latency", "throttle", "partition", "blackhole", "reset", "slow_close", "slice", "limit_data"}
    )
    settle_s: ClassVar[float] = 0.3

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._servers: dict[Address, Server] = {}
        self._killed: set[ProcessId] = set()
        self._last_seen: ProcessId | None = None

    def warm_up(self) -> None:
        self._server(Address("127.0.0.1", 1))

    def can(self, fault: Fault, target: Target) -> Capability:
        if fault.kind not in self.kinds:
            return no(f"Toxiproxy knows no {fault.kind}", f"it knows: {', '.join(sorted(self.kinds))}")
        try:
            reached = are_installed("local", *_PACKAGES) and can_reach(target, self._ground.catalogue)
            if reached:
                refuse_strange(self._ground)
        except ChaosAuraError as cause:
            return no(f"{cause.where} {cause.why}", cause.remedy)
        return reached and can_be_aimed(fault) and can_be_made(fault)

    def footprint(self, fault: Fault, target: Target) -> Footprint:
        """Its edges are hurt by what lets nothing pass; through slow ones others may still be healed."""
        edges = edges_of(target, self._ground.catalogue)
        writes = frozenset(words for edge in edges for words in written(fault, edge))
        hurts = frozenset(edge.name for edge in edges if fault.kind in _NOTHING_PASSES)
        return Footprint(writes, hurts, needs=frozenset({SERVER}))

    def prepare(self, fault: Fault, target: Target, lease_id: str) -> Undo:
        refuse_unless(self.can(fault, target), str(fault))
        catalogue = self._ground.catalogue
        address, edges = catalogue.service(SERVER).address, edges_of(target, catalogue)
        server = self._server(address)
        process = self._process_now()
        plans = side_by_side(lambda edge: plan_for(edge, fault, lease_id, server), edges)
        plan = Plan(fault.kind, address, process, tuple(plans), name_of(self._ground, process))
        return Undo(plan.to_dict(), tuple(touched(fault, edge) for edge in edges), plan.by_hand())

    def inject(self, undo: Undo) -> None:
        plan = Plan.from_dict(undo.data)
        server = self._server(plan.server)
        side_by_side(lambda edge: hurt(server, edge), plan.edges)

    def heal(self, undo: Undo) -> None:
        plan = Plan.from_dict(undo.data)
        deadline_s = time.monotonic() + _HEALS_WITHIN_S
        failed = failures(lambda edge: self._free(plan, edge, deadline_s), plan.edges)
        if failed:
            names, first = ", ".join(edge.name for edge, _ in failed), failed[0][1]
            where = f"edge{'s' if len(failed) > 1 else ''} {names}"
            raise TargetUnfit(where, f"not healed: {first.where}: {first.why}", remedy(plan))

    def in_force(self, undo: Undo) -> Proof:
        return self._proof(undo, proving.in_force, holds_without_server=False)

    def gone(self, undo: Undo) -> Proof:
        return self._proof(undo, proving.gone, holds_without_server=True)

    def _proof(self, undo: Undo, prove: Callable[[EdgePlan, "Server"], Proof], *, holds_without_server: bool) -> Proof:
        plan = Plan.from_dict(undo.data)
        server = self._server(plan.server)
        try:
            proofs = side_by_side(lambda edge: prove(edge, server), plan.edges)
        except Unanswered as unanswered:
            if not _has_ended(plan, unanswered):
                raise
            ended = f"process {plan.process}" if plan.process else f"what listened at {plan.server}"
            return Proof(holds_without_server, f"Toxiproxy has ended ({ended}), and all its toxics with it")
        proof = proving.all_hold(proofs)
        return replace(proof, seen=f"{proof.seen}; {self._end_of(plan)}") if plan.server_has_ended else proof

    def _free(self, plan: Plan, edge: EdgePlan, deadline_s: float) -> None:
        """Even when the process has ended: what was sent to it may have reached the one that came after it."""
        server = self._server(plan.server)
        for nth in range(1, _TRIES + 1):
            is_last = nth == _TRIES or time.monotonic() > deadline_s - _LAST_TAKES_S
            try:
                free(server, edge, (LATER if is_last else SOON).silent_s)
            except Unanswered as unanswered:
                if _has_ended(plan, unanswered):
                    return
                patience = LATER if is_last or self._is_hurt_by_others(plan, edge) else SOON
                if unanswered.came_too_late and self._ends_deadlock(plan, edge, patience):
                    break
                if not unanswered.came_too_late or is_last:
                    raise
            else:
                return
        if await_successor(server, self._start_again, deadline_s):
            with suppress(Unanswered):
                free(server, edge, LATER.silent_s)

    def _ends_deadlock(self, plan: Plan, edge: EdgePlan, patience: Patience) -> bool:
        """By ending Toxiproxy, if it is the one that was hurt. The dead are not asked.

        TargetUnfit when nobody would start it again, or it is somebody else's.
        """
        process, server = plan.process, self._server(plan.server)
        if process and is_deadlocked(server, edge.proxy, process, patience) and process == self._process():
            refuse_to_end(self._ground, plan)
            kill(process)
            self._killed.add(process)
        return plan.server_has_ended

    def _is_hurt_by_others(self, plan: Plan, edge: EdgePlan) -> bool:
        """As far as can be known without asking it. Some toxics keep their proxy silent for a second: a reset does that
        waits for its moment."""
        try:
            leases = Ledger(self._ground.folder).open_leases()
        except LedgerUnusable:
            return True
        ours, mark = plan.to_dict(), f" of edge {edge.name}"
        others = (lease for lease in leases if lease.injector == self.name and lease.undo.data != ours)
        return edge.had_others or any(words.endswith(mark) for lease in others for words in lease.footprint.writes)

    def _start_again(self) -> None:
        """At once: its supervisor lets one wait that has ended often."""
        with suppress(ChaosAuraError):
            if self._ground.supervision.children()[SERVER].state is ChildState.WAITING:
                self._ground.supervision.start(SERVER)

    def _end_of(self, plan: Plan) -> str:
        why = "was deadlocked and had to be killed" if plan.process in self._killed else "has ended since"
        return f"Toxiproxy (process {plan.process}) {why}, and all its toxics with it, those of other faults as well"

    def _server(self, address: Address) -> "Server":
        """One for each address: its connections are kept alive."""
        from injectors.toxiproxy.adapter import Server  # noqa: PLC0415 - 0.2 s that listing faults does not need

        if address not in self._servers:
            self._servers.setdefault(address, Server(address))
        return self._servers[address]

    def _process_now(self) -> ProcessId | None:
        """Its supervisor is asked only when the one of the last time is dead."""
        if self._last_seen is None or not self._last_seen.is_alive():
            self._last_seen = self._process()
        return self._last_seen

    def _process(self) -> ProcessId | None:
        with suppress(ChaosAuraError):
            return self._ground.process_of(SERVER)
        return None


def _has_ended(plan: Plan, unanswered: Unanswered) -> bool:
    """Toxics live in the process: a restarted one begins without them. One that hangs has them still."""
    return plan.server_has_ended or (plan.process is None and unanswered.nobody_listens)
