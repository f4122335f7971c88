"""Which client uses which service. Each pair is an edge: one Toxiproxy proxy that can be hurt by itself.

All workers are one client: they share its edges. Tenants are the client `load`. Probes are no client here: they use a
service's direct address, so that what hurts an edge does not blind them.
"""

from chaos_aura.core import own_targets

EDGES = own_targets.EDGES
EDGE = "edge"


def edge_port_name(client: str, service: str) -> str:
    return f"{EDGE}.{client}.{service}"
