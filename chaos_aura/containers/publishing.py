"""Whether whoever answers at an address of this machine is the container that was meant."""

from collections.abc import Sequence

from chaos_aura.containers.container import Container
from chaos_aura.core.address import Address
from chaos_aura.core.errors import TargetUnfit

_ANYWHERE = frozenset({"", "0.0.0.0", "::"})
_NAMED = {"localhost": ("127.0.0.1", "::1")}


def refuse_elsewhere(service: str, containers: Sequence[Container], address: Address) -> None:
    """TargetUnfit unless one of them runs and publishes a port just there."""
    running = [each for each in containers if each.is_running]
    if any(publishes(each, address) for each in running):
        return
    who = f"container {', '.join(each.name for each in running)} publishes nothing" if running else "nobody of it runs"
    remedy = f"mend its address: docker port {running[0].name}" if running else "start it"
    raise TargetUnfit(service, f"{who} at {address}, so that whatever answers there is somebody else's", remedy)


def publishes(container: Container, address: Address) -> bool:
    rows = (container.document.get("NetworkSettings") or {}).get("Ports") or {}
    there = [row for inside, outside in rows.items() if inside.endswith("/tcp") for row in outside or ()]
    hosts = _ANYWHERE.union(_NAMED.get(address.host, (address.host,)))
    return any(row["HostIp"] in hosts and int(row["HostPort"]) == address.port for row in there)


def published_elsewhere(containers: Sequence[Container], address: Address) -> str:
    """`container shop_cache_1 publishes 127.0.0.1:16379`. Empty where one publishes `address`, or none anything."""
    running = [each for each in containers if each.is_running]
    if any(publishes(each, address) for each in running):
        return ""
    told = [(each.name, ", ".join(map(str, each.published.values()))) for each in running if each.published]
    return "; ".join(f"container {name} publishes {addresses}" for name, addresses in told)
