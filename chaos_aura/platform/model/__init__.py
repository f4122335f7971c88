"""The words of the platform: plain frozen values that travel through HTTP, Temporal, Neo4j, Redis and Kafka."""

from chaos_aura.platform.model.allocation import Allocation, State
from chaos_aura.platform.model.context import ContextSource, ContextWindow, PastDecision
from chaos_aura.platform.model.decision import DecidedBy, Decision, Outcome, Quote, RefusalReason, Vote
from chaos_aura.platform.model.event import Event, EventKind
from chaos_aura.platform.model.grant import Grant
from chaos_aura.platform.model.request import DEFAULT_INVENTORY, AllocationRequest, GpuType, Priority

__all__ = [
    "DEFAULT_INVENTORY",
    "Allocation",
    "AllocationRequest",
    "ContextSource",
    "ContextWindow",
    "DecidedBy",
    "Decision",
    "Event",
    "EventKind",
    "GpuType",
    "Grant",
    "Outcome",
    "PastDecision",
    "Priority",
    "Quote",
    "RefusalReason",
    "State",
    "Vote",
]
