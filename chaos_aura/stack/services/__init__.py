"""The services of the local stack, one a file. The order is the order in which people see them."""

from chaos_aura.stack.services.api import Api
from chaos_aura.stack.services.kafka import Kafka
from chaos_aura.stack.services.neo4j import Neo4j
from chaos_aura.stack.services.projection import Projection
from chaos_aura.stack.services.redis import Redis
from chaos_aura.stack.services.service import LocalService
from chaos_aura.stack.services.site import Site
from chaos_aura.stack.services.temporal import Temporal
from chaos_aura.stack.services.toxiproxy import Toxiproxy
from chaos_aura.stack.services.worker import MOST_WORKERS, WORKERS

# Every one that a stack could run. Of the workers only as many as are wanted are in its catalogue.
LOCAL_SERVICES: tuple[LocalService, ...] = (
    Redis(),
    Kafka(),
    Neo4j(),
    Temporal(),
    Toxiproxy(),
    Api(),
    *WORKERS,
    Projection(),
)


def services_with(workers: int) -> tuple[LocalService, ...]:
    """Those of a stack with so many workers."""
    spare = WORKERS[workers:]
    return tuple(service for service in LOCAL_SERVICES if service not in spare)


__all__ = ["LOCAL_SERVICES", "MOST_WORKERS", "WORKERS", "LocalService", "Site", "services_with"]
