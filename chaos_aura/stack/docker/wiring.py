"""Who listens on which port, and who is in which network.

A port has the same number inside its container and outside on loopback, where it is published: so what Kafka tells its
clients, and what Toxiproxy tells of its proxies, is true on both sides.

A client and Toxiproxy share a network, `from-api`; a service and Toxiproxy share one, `to-redis`. No client shares one
with a service: there is no way round an edge.
"""

from collections.abc import Iterable, Mapping

from chaos_aura.core.errors import BadInput
from chaos_aura.stack.build import port_names
from chaos_aura.stack.docker.places import WRITTEN
from chaos_aura.stack.edges import EDGES
from chaos_aura.stack.services import LOCAL_SERVICES, WORKERS, services_with
from chaos_aura.stack.services.member import Member
from chaos_aura.stack.services.site import owner_of

PREFIX = "CHAOS_AURA_PORT_"
FIRST_PORT = 27_000  # of those by default: no server that is known well listens there
SERVICES = tuple(service.name for service in LOCAL_SERVICES)
_OF_THE_PLATFORM = frozenset(service.name for service in LOCAL_SERVICES if isinstance(service, Member))
_BY_DEFAULT = frozenset(service.name for service in services_with(workers=1))
_WITHIN = frozenset({"kafka.controller"})  # nobody outside its container needs it


def variable(port_name: str) -> str:
    """`CHAOS_AURA_PORT_EDGE_API_REDIS`"""
    return PREFIX + port_name.replace(".", "_").replace("-", "_").upper()


def default_ports() -> dict[str, int]:
    return {name: FIRST_PORT + number for number, name in enumerate(port_names())}


def ports_in(environ: Mapping[str, str]) -> dict[str, int]:
    """Of a container, which is told all of them."""
    ports = {}
    for name in port_names():
        told = environ.get(variable(name), "")
        if not told.isdecimal():
            raise BadInput(variable(name), f"is {told!r}, not a port", "start it by docker-compose.chaos.yml")
        ports[name] = int(told)
    return ports


def published(service: str) -> tuple[str, ...]:
    """The names of its ports that can be met on loopback."""
    return tuple(name for name in port_names() if owner_of(name) == service and name not in _WITHIN)


def networks_of(service: str) -> tuple[str, ...]:
    if service == "toxiproxy":
        return all_networks()
    client = client_of(service)
    into = [f"to-{service}"] if any(name == service for _, name in EDGES) else []
    return (*([f"from-{client}"] if client in _clients() else []), *into)


def all_networks() -> tuple[str, ...]:
    inside = [client for client in _clients() if client in SERVICES]
    return (*(f"from-{each}" for each in inside), *(f"to-{each}" for each in _unique(into for _, into in EDGES)))


def client_of(service: str) -> str:
    """As which it uses others: all workers are one."""
    return next((worker.client for worker in WORKERS if worker.name == service), service)


def written_by(service: str) -> tuple[str, ...]:
    """The folders of the stack that are shared with it. Only the platform has steps and events to tell."""
    return WRITTEN if service in _OF_THE_PLATFORM else WRITTEN[:1]


def is_by_default(service: str) -> bool:
    return service in _BY_DEFAULT


def _clients() -> tuple[str, ...]:
    return _unique(client for client, _ in EDGES)


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
