"""Cuts what comes in, what goes out, or both, with everybody or with one other service."""

from dataclasses import dataclass

from chaos_aura.containers.container import Container
from chaos_aura.containers.engine import Engine
from chaos_aura.containers.networks import Inside
from chaos_aura.core.fault import Fault
from chaos_aura.core.kinds import BOTH, FROM_SERVICE, TO_SERVICE
from injectors.docker.network.passage import Passage, Refusal
from injectors.docker.network.passing import (
    Passing,
    addresses_of,
    directions_of,
    families_of,
    family_of,
    one_of_each_family,
    refuse_without_network,
    rule_tools,
)
from injectors.docker.network.peers import EVERYBODY, Peer, peers_of
from injectors.docker.network.rules import V4, V6, Rules
from injectors.docker.network.sign import Sign
from injectors.docker.network.spot import Made
from injectors.docker.network.whole_peer import WholePeer

_WAYS = {
    BOTH: "nothing passes, neither way",
    TO_SERVICE: "nothing comes in",
    FROM_SERVICE: "nothing goes out",
}
_NAMES = "the engine itself still answers for names of containers, and its loopback is spared"


@dataclass(frozen=True, slots=True)
class PartitionRecipe:
    engine: Engine

    def writes(self, fault: Fault) -> str:
        peer = fault.text("peer")
        return "passage" if peer == EVERYBODY else f"passage with {peer}"

    def tools(self, fault: Fault, container: Container) -> tuple[str, ...]:
        del fault
        return rule_tools(container)

    def make(self, fault: Fault, container: Container, lease_id: str, inside: Inside) -> Made:
        del inside
        refuse_without_network(container)
        peer, directions = fault.text("peer"), directions_of(fault.text("direction"))
        peers = () if peer == EVERYBODY else peers_of(self.engine, container, peer)
        passing = Passing(directions, families_of(container), _unique(peers))
        refuses = fault.text("how") == "refused"
        rules = passing.refused() if refuses else passing.dropped()
        with_whom = "" if peer == EVERYBODY else f" with {peer} ({', '.join(passing.peers)})"
        how = "refused" if refuses else "silent"
        words = f"{_WAYS[fault.text('direction')]}{with_whom} ({how}); {_NAMES}{_versions(container)}"
        signs = _signs(container, peers, directions, refuses=refuses)
        whole = (WholePeer(peer, passing.peers),) if peers else ()
        return Made(Rules(lease_id, rules), (*signs, *whole), words)


def _signs(
    container: Container, peers: tuple[Peer, ...], directions: tuple[str, ...], *, refuses: bool
) -> tuple[Sign, ...]:
    """With a peer, it is that one who finds the path cut, and this machine must not."""
    own = one_of_each_family(addresses_of(container))
    if not peers:
        return tuple(sign for address in own for sign in _of_path(address, "", "this machine", directions, refuses))
    spared = tuple(Passage(address, way, is_open=True) for address in own for way in (TO_SERVICE, FROM_SERVICE))
    met = {(peer.id, family_of(peer.here)): peer for peer in reversed(peers)}.values()
    return (*(sign for peer in met for sign in _of_path(peer.here, peer.id, peer.name, directions, refuses)), *spared)


def _of_path(address: str, peer: str, whom: str, directions: tuple[str, ...], refuses: bool) -> tuple[Sign, ...]:
    ways = tuple(Passage(address, way, peer, whom, is_open=way not in directions) for way in (TO_SERVICE, FROM_SERVICE))
    refusals = tuple(Refusal(address, way, peer, whom) for way in directions) if refuses else ()
    return (*ways, *refusals)


def _unique(peers: tuple[Peer, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(peer.address for peer in peers))


def _versions(container: Container) -> str:
    return "; IPv4 and IPv6" if families_of(container) == (V4, V6) else "; it has no IPv6 address"
