"""Which client uses which service. Each pair is an edge: one Toxiproxy proxy that can be hurt by itself.

Probes are no client here. They use a service's direct address, so that what hurts an edge does not blind them.
"""

EDGES: tuple[tuple[str, str], ...] = tuple(
    (client, service) for client in ("api", "worker") for service in ("temporal", "neo4j", "redis", "kafka")
)


EDGE = "edge"


def edge_port_name(client: str, service: str) -> str:
    return f"{EDGE}.{client}.{service}"
