"""What can be done to one container, done to all that are meant.

A failure with one keeps no other from being healed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from chaos_aura.containers.container import Container, Status
from chaos_aura.containers.engine import Engine, NoSuchContainer
from chaos_aura.containers.group import Group
from chaos_aura.core.errors import ChaosAuraError, TargetUnfit
from chaos_aura.core.fault import YES, Capability, Fault, Proof, Undo
from injectors.docker.act import Data
from injectors.docker.one import Known, OnOne
from injectors.refusal import refuse_unless

_LEAVING = (Status.REMOVING, Status.DEAD)


@dataclass(frozen=True)
class Each:
    """A container that was removed has taken the fault with it, whoever is in its place now."""

    engine: Engine
    one: OnOne

    @property
    def hurts_target(self) -> bool:
        """One that is only slower still does what the healing of other faults asks of it, and says so."""
        return bool(getattr(self.one, "hurts_target", True))

    def can(self, fault: Fault, containers: Sequence[Container]) -> Capability:
        answers = (self.one.can(fault, container) for container in containers)
        return next((answer for answer in answers if not answer), YES)

    def writes(self, fault: Fault) -> str:
        return self.one.written

    def takes_s(self, fault: Fault) -> float:
        return self.one.takes_s(fault)

    def prepare(self, fault: Fault, group: Group, containers: Sequence[Container], lease_id: str) -> Undo:
        refuse_unless(self.can(fault, containers), fault.target)
        rows: list[dict[str, Any]] = []
        touches: list[str] = []
        by_hand: list[str] = []
        for container in containers:
            part = self.one.prepare(fault, container, lease_id)
            rows.append({"container": asdict(Known.of(container)), "part": dict(part.data)})
            touches += part.touches
            by_hand += [part.by_hand] if part.by_hand else []
        return Undo({"each": rows}, tuple(touches), "; ".join(by_hand))

    def inject(self, data: Data) -> None:
        for known, part in _rows(data):
            now = self._now(known)
            if now is None:
                raise TargetUnfit(known.name, "was removed before the fault could be injected", "try again")
            self.one.inject(known, now, part)

    def heal(self, data: Data) -> None:
        failed: list[ChaosAuraError] = []
        for known, part in _rows(data):
            try:
                now = self._now(known)
                if now is not None:
                    self.one.heal(known, now, part)
            except NoSuchContainer:
                continue  # removed just now
            except ChaosAuraError as cause:
                failed.append(cause)
        if len(failed) == 1:
            raise failed[0]
        if failed:
            why = "; ".join(f"{cause.where}: {cause.why}" for cause in failed)
            raise TargetUnfit(f"{len(failed)} containers", why, failed[0].remedy)

    def in_force(self, data: Data) -> Proof:
        """In all of them."""
        return self._of_all(data, self.one.in_force, Proof(False, "was removed"))

    def gone(self, data: Data) -> Proof:
        """From all of them."""
        return self._of_all(data, self.one.gone, Proof(True, "was removed, and the fault with it"))

    def _of_all(self, data: Data, look: Callable[[Known, Container, Data], Proof], removed: Proof) -> Proof:
        proofs: dict[str, Proof] = {}
        for known, part in _rows(data):
            now = self._now(known)
            proofs[known.name] = removed if now is None else look(known, now, part)
        failing = {name: proof for name, proof in proofs.items() if not proof}
        seen = "; ".join(f"{name} {proof.seen}" for name, proof in (failing or proofs).items())
        facts = {name: dict(proof.facts) for name, proof in proofs.items() if proof.facts}
        return Proof(not failing, seen, facts)

    def _now(self, known: Known) -> Container | None:
        found = self.engine.find(known.id)
        return None if found is None or found.status in _LEAVING else found


def _rows(data: Data) -> Iterator[tuple[Known, Data]]:
    for row in data["each"]:
        yield Known(**row["container"]), row["part"]
