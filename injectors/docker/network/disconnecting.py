"""Takes containers out of their networks, where nothing can be put into those: both ways, for everybody."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from chaos_aura.containers.container import Container
from chaos_aura.containers.engine import Engine, NoSuchContainer
from chaos_aura.containers.networks import refuse_shared
from chaos_aura.core.fault import YES, Capability, Fault, Proof, Undo, no
from chaos_aura.core.kinds import BOTH
from injectors.docker.act import Data
from injectors.docker.network.each import all_hold, each_healed
from injectors.docker.network.membership import Membership
from injectors.docker.network.passing import refuse_without_network
from injectors.docker.network.peers import EVERYBODY


@dataclass(frozen=True, slots=True)
class Torn:
    """One container, out of all its networks."""

    container: str
    name: str
    memberships: tuple[Membership, ...]

    def disconnect(self, engine: Engine) -> None:
        there = engine.inspect(self.container).networks
        for each in self.memberships:
            if each.name in there:
                with suppress(NoSuchContainer), engine.talking(self.name):
                    engine.api.disconnect_container_from_network(self.container, each.network, force=True)

    def connect(self, engine: Engine) -> None:
        """Also one that does not run. What was removed, container or network, needs none."""
        container = engine.find(self.container)
        for each in self.memberships if container else ():
            if container and each.name not in container.networks:
                with suppress(NoSuchContainer):
                    each.connect(engine, self.container)

    def to_dict(self) -> dict[str, Any]:
        rows = [each.to_dict() for each in self.memberships]
        return {"container": self.container, "name": self.name, "memberships": rows}

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> "Torn":
        return cls(
            str(row["container"]), str(row["name"]), tuple(Membership.from_dict(each) for each in row["memberships"])
        )


@dataclass(frozen=True)
class Disconnecting:
    engine: Engine

    def can(self, fault: Fault, containers: Sequence[Container]) -> Capability:
        asked = {name: fault.text(name) for name in ("direction", "how", "peer")}
        if asked != {"direction": BOTH, "how": "silent", "peer": EVERYBODY}:
            return no(
                "without rules in its network a container can only be cut off both ways, silently, from everybody"
            )
        for each in containers:
            refuse_shared(each)
            refuse_without_network(each)
            if port := _port_by_chance(each):
                why = f"{each.name} publishes {port} wherever there was room, and would be found elsewhere afterwards"
                return no(why, "publish it at a port of your choice")
        return YES

    def prepare(self, containers: Sequence[Container], why: str) -> Undo:
        torn = [_torn(each) for each in containers]
        touches = tuple(
            f"container {each.name}: disconnected from {', '.join(one.name for one in each.memberships)} ({why})"
            for each in torn
        )
        by_hand = "; ".join(one.by_hand(each.name) for each in torn for one in each.memberships)
        return Undo({"torn": [each.to_dict() for each in torn], "by_hand": by_hand}, touches, by_hand)

    def inject(self, data: Data) -> None:
        for each in _all(data):
            each.disconnect(self.engine)

    def heal(self, data: Data) -> None:
        each_healed(_all(data), lambda each: each.connect(self.engine), lambda each: each.name, data["by_hand"])

    def in_force(self, data: Data) -> Proof:
        torn = _all(data)
        return all_hold([each.name for each in torn], [self._is_out(each) for each in torn])

    def gone(self, data: Data) -> Proof:
        torn = _all(data)
        return all_hold([each.name for each in torn], [self._is_in(each) for each in torn])

    def _is_out(self, torn: Torn) -> Proof:
        container = self.engine.find(torn.container)
        if container is None or not container.is_running:
            return Proof(False, "was removed" if container is None else "does not run")
        left = ", ".join(container.networks)
        return Proof(not left, f"still in {left}" if left else "in no network any more, as its engine says")

    def _is_in(self, torn: Torn) -> Proof:
        container = self.engine.find(torn.container)
        if container is None:
            return Proof(True, "was removed, and its place in networks with it")
        missing = [one.name for one in torn.memberships if one.name not in container.networks and self._exists(one)]
        if missing:
            return Proof(False, f"not in {', '.join(missing)} yet")
        moved = [
            f"{one.name} at {now.address} instead of {one.address}"
            for one in torn.memberships
            if one.address and (now := container.networks.get(one.name)) and now.address not in ("", one.address)
        ]
        return Proof(True, "in its networks again" + (f", but in {', '.join(moved)}" if moved else ""))

    def _exists(self, membership: Membership) -> bool:
        try:
            with self.engine.talking(membership.name):
                self.engine.api.inspect_network(membership.network)
        except NoSuchContainer:
            return False
        return True


def _port_by_chance(container: Container) -> str:
    """One that its engine chooses anew whenever it comes into a network. Empty when there is none."""
    bindings = container.host_config.get("PortBindings") or {}
    chosen = {
        port for port, rows in bindings.items() if all(row.get("HostPort") not in ("", "0") for row in rows or ())
    }
    left = set(bindings) - chosen
    return next(iter(left), "all its ports" if container.host_config.get("PublishAllPorts") else "")


def _torn(container: Container) -> Torn:
    rows = container.document["NetworkSettings"]["Networks"]
    return Torn(
        container.id, container.name, tuple(Membership.of(container, name, row) for name, row in sorted(rows.items()))
    )


def _all(data: Data) -> list[Torn]:
    return [Torn.from_dict(row) for row in data["torn"]]
