"""Loses a share of the packets, each way: of all that come in, and of all that go out.

By the kernel's netem where it has that, by rules that drop at random elsewhere, and wherever a single peer is meant:
either way each packet has the same chance. One thing differs, and is said: who sends a datagram that a rule drops on
its way out is told (EPERM), who sends one that netem loses is not.
"""

from dataclasses import dataclass

from chaos_aura.containers.container import Container
from chaos_aura.containers.networks import Inside, Networks
from chaos_aura.core.errors import MachineLacks, TargetUnfit
from chaos_aura.core.fault import Fault
from chaos_aura.core.kinds import FROM_SERVICE, TO_SERVICE
from injectors.docker.network.both_ways import BothWays
from injectors.docker.network.flow import Loss
from injectors.docker.network.netem import netem_loss
from injectors.docker.network.passing import Passing, addresses_of, families_of, refuse_without_network, rule_tools
from injectors.docker.network.peers import EVERYBODY, Peer, peers_of
from injectors.docker.network.queues import Queues
from injectors.docker.network.rules import Rules
from injectors.docker.network.sign import Sign
from injectors.docker.network.spot import Made
from injectors.docker.network.traffic_control import interfaces
from injectors.docker.network.whole_peer import WholePeer

_WAYS = (TO_SERVICE, FROM_SERVICE)
_WHOLE = 100.0
_TOLD = "senders of datagrams that are lost on their way out get an error"


@dataclass(frozen=True, slots=True)
class PacketLossRecipe:
    networks: Networks

    def writes(self, fault: Fault) -> str:
        peer = fault.text("peer")
        return "packet loss" if peer == EVERYBODY else f"packet loss with {peer}"

    def tools(self, fault: Fault, container: Container) -> tuple[str, ...]:
        del fault
        return rule_tools(container)

    def make(self, fault: Fault, container: Container, lease_id: str, inside: Inside) -> Made:
        del inside
        refuse_without_network(container)
        percent, peer = fault.number("percent"), fault.text("peer")
        peers = () if peer == EVERYBODY else peers_of(self.networks.engine, container, peer)
        signs = _signs(container, peers, percent)
        what = f"{percent:g}% of packets lost each way"
        if not peers and (queues := self._by_netem(container, lease_id, percent)):
            return Made(queues, signs, f"{what} (netem)")
        addresses = tuple(dict.fromkeys(each.address for each in peers))
        whole = (WholePeer(peer, addresses),) if peers else ()
        passing = Passing(_WAYS, families_of(container), addresses)
        rules = passing.dropped(f"-m statistic --mode random --probability {percent / _WHOLE:.6f}")
        with_whom = f" with {peer} ({', '.join(addresses)})" if peers else ""
        return Made(Rules(lease_id, rules), (*signs, *whole), f"{what}{with_whom} (iptables statistic; {_TOLD})")

    def _by_netem(self, container: Container, lease_id: str, percent: float) -> BothWays | None:
        """None where the kernel has none, or somebody else's queue is there."""
        try:
            with self.networks.into(container, Queues.tools) as inside:
                there = interfaces(inside)
                queues = BothWays(tuple(Queues(lease_id, way, there, netem_loss(percent)) for way in _WAYS))
                queues.refuse_what_is_there(inside)
            with self.networks.nowhere(Queues.tools, container) as empty:
                queues.try_in(empty)
        except (TargetUnfit, MachineLacks):
            return None
        return queues


def _signs(container: Container, peers: tuple[Peer, ...], percent: float) -> tuple[Sign, ...]:
    if not peers:
        address = next(iter(addresses_of(container)))
        return tuple(Loss(address, way, percent) for way in _WAYS)
    first = {peer.id: peer for peer in reversed(peers)}.values()
    return tuple(Loss(peer.here, way, percent, peer.id, peer.name) for peer in first for way in _WAYS)
