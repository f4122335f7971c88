"""The services of the local stack, one a file. The order is the order in which people see them."""

from chaos_aura.stack.services.kafka import Kafka
from chaos_aura.stack.services.neo4j import Neo4j
from chaos_aura.stack.services.redis import Redis
from chaos_aura.stack.services.service import LocalService
from chaos_aura.stack.services.site import Site
from chaos_aura.stack.services.temporal import Temporal
from chaos_aura.stack.services.toxiproxy import Toxiproxy

LOCAL_SERVICES: tuple[LocalService, ...] = (Redis(), Kafka(), Neo4j(), Temporal(), Toxiproxy())

__all__ = ["LOCAL_SERVICES", "LocalService", "Site"]
