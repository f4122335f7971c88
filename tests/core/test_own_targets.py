"""What is known of our stack without asking it is what it has."""

from chaos_aura.core.own_targets import SERVICES, TARGETS
from chaos_aura.stack.edges import EDGES
from chaos_aura.stack.services import LOCAL_SERVICES


def test_every_service_and_edge_of_our_stack_is_known() -> None:
    assert sorted(SERVICES) == sorted(service.name for service in LOCAL_SERVICES)
    assert {*SERVICES, *(f"{client}.{service}" for client, service in EDGES)} == TARGETS
