"""What our own stack calls its services and its edges, whether it runs or not, in processes or in containers."""

_MOST_WORKERS = 8
_STORES = ("temporal", "neo4j", "redis", "kafka")
_SERVICES_BY_CLIENT = {
    "api": _STORES,
    "worker": _STORES,
    "projection": ("kafka", "redis"),
    "load": ("api",),
}

SERVICES = (
    *("redis", "kafka", "neo4j", "temporal", "toxiproxy", "api", "projection", "worker"),
    *(f"worker-{number}" for number in range(2, _MOST_WORKERS + 1)),
)
EDGES: tuple[tuple[str, str], ...] = tuple(
    (client, service) for client, services in _SERVICES_BY_CLIENT.items() for service in services
)
TARGETS = frozenset({*SERVICES, *(f"{client}.{service}" for client, service in EDGES)})
