"""Any fault that is put into the networks of containers: tried elsewhere first, done, proven, taken back."""

from collections.abc import Sequence
from dataclasses import dataclass

from chaos_aura.containers.container import Container
from chaos_aura.containers.group import Group
from chaos_aura.containers.networks import Inside, Networks
from chaos_aura.containers.tool_container import remove_helpers
from chaos_aura.core.errors import NotAnswered, TargetUnfit
from chaos_aura.core.fault import YES, Capability, Fault, Proof, Undo
from injectors.docker.act import Data
from injectors.docker.network.each import all_hold, each_healed
from injectors.docker.network.mechanism import Mechanism
from injectors.docker.network.recipe import Recipe
from injectors.docker.network.sign import Field, Sign
from injectors.docker.network.spot import Made, Spot

_TRIAL = "TRIAL"


@dataclass(frozen=True)
class NetworkAct:
    networks: Networks
    recipe: Recipe

    def can(self, fault: Fault, containers: Sequence[Container]) -> Capability:
        """By doing the same in a network in which nobody is."""
        for container in containers:
            made = self._made(fault, container, _TRIAL)
            with self.networks.nowhere(made.mechanism.tools, container) as empty:
                made.mechanism.try_in(empty)
        return YES

    def writes(self, fault: Fault) -> str:
        return self.recipe.writes(fault)

    def takes_s(self, fault: Fault) -> float:
        del fault
        return 0.0

    def prepare(self, fault: Fault, group: Group, containers: Sequence[Container], lease_id: str) -> Undo:
        del group
        spots, touches = [], []
        for container in containers:
            made = self._made(fault, container, lease_id)
            spots.append(self._spot(container, made))
            touches.append(f"network of container {container.name}: {made.words}, by {made.mechanism}")
            touches += [f"and of container {name}, which shares it" for name in self.networks.shared_with(container)]
        by_hand = "; ".join(_by_hand(spot) for spot in spots)
        return Undo({"spots": [spot.to_dict() for spot in spots], "by_hand": by_hand}, tuple(touches), by_hand)

    def inject(self, data: Data) -> None:
        for spot in _spots(data):
            container = self.networks.engine.inspect(spot.container)
            if _ended(spot, container):
                raise TargetUnfit(spot.name, "was started again since this was prepared", "try again")
            with self.networks.into(container, spot.mechanism.tools, spot.way) as inside:
                _apply(spot.mechanism, inside)

    def heal(self, data: Data) -> None:
        each_healed(_spots(data), self._heal, lambda spot: spot.name, data["by_hand"])

    def in_force(self, data: Data) -> Proof:
        spots = _spots(data)
        return all_hold([spot.name for spot in spots], [self._in_force(spot) for spot in spots])

    def gone(self, data: Data) -> Proof:
        spots = _spots(data)
        return all_hold([spot.name for spot in spots], [self._gone(spot) for spot in spots])

    def _made(self, fault: Fault, container: Container, lease_id: str) -> Made:
        with self.networks.into(container, self.recipe.tools(fault, container)) as inside:
            return self.recipe.make(fault, container, lease_id, inside)

    def _spot(self, container: Container, made: Made) -> Spot:
        """Only what is well before can show that it is hurt."""
        signs: list[Sign] = []
        unseen: list[str] = []
        field = Field(self.networks, container)
        for sign in made.signs:
            before = sign.well(field) or sign.well(field)  # one look may come too late for what it waits for
            if before and "not_looked" not in before.facts:
                signs.append(sign)
            else:
                unseen.append(f"before it already: {before.seen}" if not before else before.seen)
        way = self.networks.way(container, made.mechanism.tools)
        return Spot(container.id, container.name, container.life, made.mechanism, tuple(signs), tuple(unseen), way)

    def _heal(self, spot: Spot) -> None:
        """Also in a network that came later: what a dead process has asked for may have landed there."""
        remove_helpers(self.networks.engine, spot.container)
        container = self.networks.engine.find(spot.container)
        if container and container.is_running:
            with self.networks.into(container, spot.mechanism.tools, spot.way) as inside:
                spot.mechanism.remove(inside)

    def _in_force(self, spot: Spot) -> Proof:
        container = self.networks.engine.find(spot.container)
        if why_ended := _ended(spot, container):
            return Proof(False, why_ended)
        assert container is not None
        with self.networks.into(container, spot.mechanism.tools, spot.way) as inside:
            if missing := spot.mechanism.missing(inside):
                return Proof(False, missing)
        return self._shown(spot, container)

    def _shown(self, spot: Spot, container: Container) -> Proof:
        proofs = [sign.hurt(Field(self.networks, container)) for sign in spot.signs]
        told = [proof.seen for proof in sorted(proofs, key=lambda each: each.holds)]
        return Proof(all(proofs), "; ".join([*told, f"{spot.mechanism}, read back", *spot.unseen]))

    def _gone(self, spot: Spot) -> Proof:
        container = self.networks.engine.find(spot.container)
        if container is None or not container.is_running:
            return Proof(True, _ended(spot, container))
        with self.networks.into(container, spot.mechanism.tools, spot.way) as inside:
            if left := spot.mechanism.left(inside):
                return Proof(False, f"still there: {left}")
            others = spot.mechanism.others(inside)
        if why_ended := _ended(spot, container):
            return Proof(True, f"{why_ended}; nothing of it is read back")
        proofs = [sign.well(Field(self.networks, container)) for sign in spot.signs]
        told = [proof.seen for proof in sorted(proofs, key=lambda each: each.holds)]
        words = "; ".join([*told, "nothing of it is read back", *([] if all(proofs) else [others] if others else [])])
        return Proof(all(proofs) or bool(others), words)


def _apply(mechanism: Mechanism, inside: Inside) -> None:
    """Once more, from the beginning, when nobody knows how far it came."""
    try:
        mechanism.apply(inside)
    except NotAnswered:
        mechanism.remove(inside)
        mechanism.apply(inside)


def _spots(data: Data) -> list[Spot]:
    return [Spot.from_dict(row) for row in data["spots"]]


def _ended(spot: Spot, container: Container | None) -> str:
    """Why the network that was meant is no more; empty when it is there."""
    if container is None:
        return "was removed, and its network with it"
    if not container.is_running:
        return "does not run, so that its network has ended"
    return "" if container.life == spot.life else "was started again, so that the network that was hurt has ended"


def _by_hand(spot: Spot) -> str:
    pid = f"$(docker inspect -f '{{{{.State.Pid}}}}' {spot.name})"
    return f'nsenter -t {pid} -n sh -c "{spot.way.by_hand(spot.mechanism.by_hand())}"'
