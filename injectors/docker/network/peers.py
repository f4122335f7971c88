"""The containers of the other service that a fault is about, and where they can be met."""

from collections.abc import Sequence
from dataclasses import dataclass

from chaos_aura.containers.container import Container
from chaos_aura.containers.engine import Engine
from chaos_aura.containers.group import Group
from chaos_aura.core.errors import TargetUnfit
from injectors.docker.network.passing import addresses_of

EVERYBODY = "*"


@dataclass(frozen=True, slots=True)
class Peer:
    """One address of one container, in a network in which the hurt one is, too: there it has the address `here`."""

    id: str
    name: str
    address: str
    here: str


def peers_of(engine: Engine, container: Container, name: str) -> tuple[Peer, ...]:
    """TargetUnfit when there are none that it could ever talk to."""
    found = _group(container, name).running(engine)
    others = tuple(each for each in found if each.id != container.id)
    if not others:
        where = f" of project {container.project}" if container.project else ""
        raise TargetUnfit(name, f"has no container{where} that runs, beside {container.name}", "see: docker ps")
    shared = tuple(peer for other in others for peer in _shared(container, other))
    if not shared:
        why = f"shares no network with {container.name}, so that nothing passes between them anyway"
        raise TargetUnfit(name, why, "choose another peer")
    return shared


def _group(container: Container, name: str) -> Group:
    """In the same project; without one it is a container that is called so."""
    return Group(container.project, name) if container.project else Group(container=name)


def _shared(container: Container, other: Container) -> Sequence[Peer]:
    mine = addresses_of(container)
    return [
        Peer(other.id, other.name, address, here)
        for address, network in addresses_of(other).items()
        for here, my_network in mine.items()
        if network == my_network and (":" in here) == (":" in address)
    ]
