"""Makes each packet late, by the kernel's netem and nothing else: what it cannot do is refused."""

from dataclasses import dataclass

from chaos_aura.containers.container import Container
from chaos_aura.containers.networks import Inside
from chaos_aura.core.fault import Fault
from injectors.docker.network.flow import Delay
from injectors.docker.network.netem import netem_delay
from injectors.docker.network.passing import addresses_of
from injectors.docker.network.queues import Queues
from injectors.docker.network.shaping import Shaping, interfaces_of
from injectors.docker.network.sign import Sign
from injectors.docker.network.spot import Made

_MS = 1000.0
_NEARLY = 0.9


@dataclass(frozen=True, slots=True)
class LatencyRecipe(Shaping):
    def make(self, fault: Fault, container: Container, lease_id: str, inside: Inside) -> Made:
        late_ms, jitter_ms, direction = fault.number("latency_ms"), fault.number("jitter_ms"), fault.text("direction")
        discipline = netem_delay(late_ms, jitter_ms)
        queues = Queues(lease_id, direction, interfaces_of(container, inside), discipline)
        queues.refuse_what_is_there(inside)
        least_s = max(0.0, late_ms - jitter_ms) / _MS * _NEARLY
        address = next(iter(addresses_of(container)))
        signs: tuple[Sign, ...] = (Delay(address, direction, least_s),) if least_s else ()
        return Made(queues, signs, f"each packet {direction} {late_ms:g} ms later, +-{jitter_ms:g} ms (netem)")
