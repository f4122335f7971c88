"""What is done in the one queue that there is for each way of a container's packets: late, slow."""

from chaos_aura.containers.container import Container
from chaos_aura.containers.networks import Inside
from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.fault import Fault
from chaos_aura.core.kinds import TO_SERVICE
from injectors.docker.network.passing import refuse_without_network
from injectors.docker.network.queues import Queues
from injectors.docker.network.traffic_control import interfaces


class Shaping:
    __slots__ = ()

    def writes(self, fault: Fault) -> str:
        return f"{'incoming' if fault.text('direction') == TO_SERVICE else 'outgoing'} packets"

    def tools(self, fault: Fault, container: Container) -> tuple[str, ...]:
        del fault, container
        return Queues.tools


def interfaces_of(container: Container, inside: Inside) -> tuple[str, ...]:
    refuse_without_network(container)
    found = interfaces(inside)
    if not found:
        raise TargetUnfit(container.name, "has no interface with an address", "connect it to a network")
    return found
