"""Every fault in a container's own network, by the word for it."""

from chaos_aura.containers.engine import Engine
from chaos_aura.containers.networks import Networks
from injectors.docker.act import Act
from injectors.docker.network.cutting import Cutting
from injectors.docker.network.dns_failure import DnsFailureRecipe
from injectors.docker.network.latency import LatencyRecipe
from injectors.docker.network.network_act import NetworkAct
from injectors.docker.network.packet_loss import PacketLossRecipe
from injectors.docker.network.throttle import ThrottleRecipe


def network_acts(engine: Engine) -> dict[str, Act]:
    networks = Networks(engine)
    return {
        "partition": Cutting(networks),
        "packet_loss": NetworkAct(networks, PacketLossRecipe(networks)),
        "latency": NetworkAct(networks, LatencyRecipe()),
        "throttle": NetworkAct(networks, ThrottleRecipe()),
        "dns_failure": NetworkAct(networks, DnsFailureRecipe()),
    }
