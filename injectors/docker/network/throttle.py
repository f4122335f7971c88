"""Lets so many bytes a second through at each interface; what is more waits, and is lost where too much waits."""

import json
from dataclasses import dataclass

from chaos_aura.containers.container import Container
from chaos_aura.containers.networks import Inside, ask
from chaos_aura.core.fault import Fault
from injectors.docker.network.flow import Pace
from injectors.docker.network.passing import addresses_of
from injectors.docker.network.queues import Queues
from injectors.docker.network.shaping import Shaping, interfaces_of
from injectors.docker.network.sign import Sign
from injectors.docker.network.spot import Made

_BYTES, _BITS = 1000, 8
_AT_ONCE_S = 0.02
_WAITING_S, _LEAST_WAITING = 0.5, 65_536
_HEADERS = 100
_SHOWN_S = 0.25
_NEARLY = 0.6
_MOST_SHOWN = 2_000_000  # bytes: what is quicker cannot be told from the machine's own pace


@dataclass(frozen=True, slots=True)
class ThrottleRecipe(Shaping):
    def make(self, fault: Fault, container: Container, lease_id: str, inside: Inside) -> Made:
        rate, direction = int(fault.number("rate_kbps")) * _BYTES, fault.text("direction")
        there = interfaces_of(container, inside)
        burst = max(int(rate * _AT_ONCE_S), _mtu(inside) + _HEADERS)
        limit = max(int(rate * _WAITING_S), _LEAST_WAITING)
        discipline = ("tbf", "rate", f"{rate * _BITS}bit", "burst", str(burst), "limit", str(limit))
        queues = Queues(lease_id, direction, there, discipline)
        queues.refuse_what_is_there(inside)
        signs = _signs(container, direction, rate, burst)
        words = f"{rate // _BYTES} kB a second {direction} at {', '.join(there)} (tbf)"
        return Made(queues, signs, words if signs else f"{words}; too quick to be shown, so only read back")


def _signs(container: Container, direction: str, rate: int, burst: int) -> tuple[Sign, ...]:
    size = burst + int(rate * _SHOWN_S)
    if size > _MOST_SHOWN:
        return ()
    return (Pace(next(iter(addresses_of(container))), direction, size, _SHOWN_S * _NEARLY),)


def _mtu(inside: Inside) -> int:
    """The largest packet that it would ever be asked to let through."""
    done = ask(inside, ("ip", "-j", "link", "show"))
    rows = json.loads(done.said) if done.code == 0 else []
    return max((int(row["mtu"]) for row in rows if row and row["ifname"] != "lo"), default=1500)
