"""Which client uses which service. Each pair is an edge: one Toxiproxy proxy that can be hurt by itself.

All workers are one client: they share its edges. Tenants are the client `load`. Probes are no client here: they use a
service's direct address, so that what hurts an edge does not blind them.
"""

_STORES = ("temporal", "neo4j", "redis", "kafka")
_SERVICES_BY_CLIENT = {
    "api": _STORES,
    "worker": _STORES,
    "projection": ("kafka", "redis"),
    "load": ("api",),
}

EDGES: tuple[tuple[str, str], ...] = tuple(
    (client, service) for client, services in _SERVICES_BY_CLIENT.items() for service in services
)


EDGE = "edge"


def edge_port_name(client: str, service: str) -> str:
    return f"{EDGE}.{client}.{service}"
